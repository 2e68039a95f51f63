/** Where the geese of the mark fly, the first one ahead. */
const geese: readonly (readonly [x: number, y: number])[] = [
  [24.5, 15.5],
  [15.8, 9.2],
  [7, 4.2],
  [15.6, 21.8],
  [6.6, 27],
];

/** A goose seen from afar, about its own middle. */
const goose = 'm-4.4 -1.8q2.8 -1 4.4 2.3q1.6 -3.4 4.4 -2.4';

/** The mark: geese along a bent thread. It says nothing that the words beside it do not say. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path d="M7 5.2 24.5 16.4 6.6 28" stroke="currentColor" stroke-width="1" opacity="0.6" />
      <path
        d={geese.map(([x, y]) => `M${x} ${y}${goose}`).join('')}
        stroke="currentColor"
        stroke-width="2.3"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

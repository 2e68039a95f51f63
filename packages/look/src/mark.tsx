/** Where the geese of the mark fly: one leg of a skein is always the longer one. */
const geese: readonly (readonly [x: number, y: number])[] = [
  [20.5, 7],
  [14.9, 12],
  [9.3, 17],
  [3.7, 22],
  [24.6, 12.4],
  [28.7, 17.8],
];

/** A goose seen from afar, about its own middle. */
const goose = 'm-3 -1.5q1.9 -.6 3 1.7q1.1 -2.3 3 -1.7';

/** The mark: geese along a bent thread. It says nothing that the words beside it do not say. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true">
      <path
        d="M3.7 24.4 20.5 9.4l8.2 10.8"
        stroke="currentColor"
        stroke-width="0.9"
        stroke-linejoin="round"
        opacity="0.55"
      />
      <path
        d={geese.map(([x, y]) => `M${x} ${y}${goose}`).join('')}
        stroke="currentColor"
        stroke-width="1.9"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

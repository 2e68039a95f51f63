/** Geese from the last to the first, which changes: positions along both legs of a skein. */
const legs = [
  { x: -64, y: -44 },
  { x: -128, y: -84 },
  { x: -192, y: -120 },
  { x: -256, y: -152 },
  { x: -56, y: 40 },
  { x: -114, y: 74 },
  { x: -172, y: 104 },
];

/** The picture of an empty conversation: a skein on its way, which says nothing. */
export function Flight() {
  return (
    <svg class="flight" viewBox="-290 -180 330 310" fill="none" aria-hidden="true">
      <path
        class="thread"
        d="M-256 -152Q-150 -104 0 0Q-90 62 -172 104"
        stroke="currentColor"
        stroke-width="1"
      />
      {[{ x: 0, y: 0 }, ...legs].map(({ x, y }, index) => (
        <g key={index} transform={`translate(${x} ${y})`}>
          <path
            class="goose"
            style={{ animationDelay: `${-0.37 * index}s` }}
            d="M-15 -7Q-4 -9 0 2Q7 -10 17 -6"
            stroke="currentColor"
            stroke-width="3.2"
            stroke-linecap="round"
            stroke-linejoin="round"
          />
        </g>
      ))}
    </svg>
  );
}

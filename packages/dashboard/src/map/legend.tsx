/** What the marks of the map mean. */
export function Legend() {
  return (
    <ul class="legend">
      <li>
        <svg viewBox="0 0 64 16" width="64" height="16" aria-hidden="true">
          {[0, 1, 2, 3, 4].map((step) => (
            <rect
              key={step}
              class={`load-${step}`}
              x={step * 13}
              y={8 - (4 + step * 2.4) / 2}
              width={12}
              height={4 + step * 2.4}
              rx={2}
            />
          ))}
        </svg>
        serving, idle to loaded
      </li>
      <li>
        <svg viewBox="0 0 36 16" width="36" height="16" aria-hidden="true">
          <path class="joining" d="M1 8h34" />
        </svg>
        joining
      </li>
      <li>
        <svg viewBox="0 0 36 16" width="36" height="16" aria-hidden="true">
          <rect class="draining" x="1" y="3" width="34" height="10" rx="5" />
          <path class="draining" d="m6 13 8-10m0 10 8-10m0 10 8-10" />
        </svg>
        leaving
      </li>
      <li>
        <svg viewBox="0 0 36 16" width="36" height="16" aria-hidden="true">
          <path class="lost" d="M1 8h34" />
          <path class="cross" d="m14 4 8 8m0-8-8 8" />
        </svg>
        lost
      </li>
      <li>
        <svg viewBox="0 0 36 16" width="36" height="16" aria-hidden="true">
          <rect class="moving" x="1" y="2" width="34" height="12" rx="6" />
        </svg>
        about to be here
      </li>
      <li>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <circle class="end" cx="8" cy="8" r="4.5" />
        </svg>
        embedding
      </li>
      <li>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <path class="end" d="m3 8 5-5.5L13 8l-5 5.5Z" />
        </svg>
        head
      </li>
      <li>
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <rect class="weakest" x="5" y="3" width="6" height="13" />
        </svg>
        weakest
      </li>
    </ul>
  );
}

import { useRef } from 'preact/hooks';
import { dashboardLimits } from '../dashboard-limits.js';
import { addressOfPeer } from '../state/place.js';
import { model } from '../state/swarm.js';
import { CellFactsLine } from './cell-facts-line.js';
import { MapCanvas } from './map-canvas.js';
import { geometryIn, headPx, namesPx, useMapWindow } from './map-frame.js';
import { type MapGeometry, visibleRows } from './map-geometry.js';
import { cursor, isWholeShown, rows } from './map-state.js';
import { useMapDrawing } from './use-map-drawing.js';

/**
 * The map: a row a peer, a column a block. Only what is seen is drawn, so that a swarm of hundreds
 * scrolls smoothly. Arrow keys walk over its cells; what they are is said below.
 */
export function BlockMap() {
  const frame = useRef<HTMLDivElement>(null);
  const coverage = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const seen = useMapWindow(frame);
  useMapDrawing(coverage, canvas, seen);
  const geometry = geometryIn(seen.value, {
    blockCount: model.value?.blockCount ?? 0,
    rowCount: rows.value.length,
    isWhole: isWholeShown.value,
  });
  return (
    <>
      <div
        class={isWholeShown.value ? 'map whole' : 'map'}
        ref={frame}
        style={{ '--names': `${namesPx(seen.value.width)}px` }}
      >
        <div class="map-head">
          <span class="corner">peers</span>
          <canvas
            ref={coverage}
            style={{ width: geometry.width, height: headPx }}
            role="img"
            aria-label={coverageText()}
          />
        </div>
        <div class="map-body" style={{ height: Math.max(geometry.rowPx, geometry.height) }}>
          <Names geometry={geometry} shown={visibleRows(geometry, seen.value)} />
          <MapCanvas canvas={canvas} frame={frame} seen={seen} geometry={geometry} />
        </div>
      </div>
      <CellFactsLine />
    </>
  );
}

interface NamesProps {
  readonly geometry: MapGeometry;
  readonly shown: { readonly first: number; readonly end: number };
}

/** The names of the rows that are seen, where rows are high enough for them. */
function Names({ geometry: { rowPx }, shown: { first, end } }: NamesProps) {
  const named = rowPx < dashboardLimits.namedRowPxMin ? [] : rows.value.slice(first, end);
  return (
    <ul class="map-names">
      {named.map((peer, index) => (
        <li key={peer.id} style={{ top: (first + index) * rowPx }}>
          <a
            href={addressOfPeer(peer.id)}
            class={cursor.value?.row === first + index ? 'pointed' : undefined}
          >
            {peer.name || peer.id.slice(-8)}
          </a>
        </li>
      ))}
    </ul>
  );
}

function coverageText(): string {
  const { headline = '', coverage = [] } = model.value ?? {};
  const fewest = Math.min(...coverage.map(({ peers }) => peers));
  return `Peers a block: ${headline}. The fewest are ${Number.isFinite(fewest) ? fewest : 0}.`;
}

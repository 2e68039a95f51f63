import { useSignal, useSignalEffect } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { dashboardLimits } from '../dashboard-limits.js';
import { prepareCanvas } from '../state/canvas.js';
import { palette } from '../state/palette.js';
import { addressOfPeer } from '../state/place.js';
import { model } from '../state/swarm.js';
import { blockFacts, peerFacts } from './cell-facts.js';
import { coveragePx, drawCoverage } from './draw-coverage.js';
import { drawMap } from './draw-map.js';
import { cellAt, mapGeometry, moveCell, visibleRows } from './map-geometry.js';
import { cursor, isWholeShown, litSession, rows } from './map-state.js';

/** The part of the map that is seen. */
interface Window {
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The map: a row a peer, a column a block. Only what is seen is drawn, so that a swarm of hundreds
 * scrolls smoothly. Arrow keys walk over its cells; what they are is said below.
 */
export function BlockMap() {
  const frame = useRef<HTMLDivElement>(null);
  const coverage = useRef<HTMLCanvasElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const seen = useSignal<Window>({ top: 0, width: 0, height: 0 });

  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const look = () => {
      const { scrollTop: top, clientWidth: width, clientHeight: height } = element;
      seen.value = { top, width, height };
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [seen]);

  const blockCount = model.value?.blockCount ?? 0;
  const namePx = namesPx(seen.value.width);
  const geometry = mapGeometry({
    availablePx: seen.value.width - namePx - 8,
    blockCount,
    rowCount: rows.value.length,
    fitPx: isWholeShown.value ? roomPx(seen.value.height) : null,
  });
  const isNamed = geometry.rowPx >= dashboardLimits.namedRowPxMin;
  const shown = visibleRows(geometry, seen.value);

  useSignalEffect(() => {
    const state = model.value;
    const colours = palette.value;
    const { top, width, height } = seen.value;
    if (state === null || canvas.current === null || coverage.current === null) return;
    const peers = rows.value;
    const places = mapGeometry({
      availablePx: width - namesPx(width) - 8,
      blockCount: state.blockCount,
      rowCount: peers.length,
      fitPx: isWholeShown.value ? roomPx(height) : null,
    });
    const head = prepareCanvas(coverage.current, {
      width: places.width,
      height: coveragePx.bars + coveragePx.numbers,
    });
    const block = cursor.value?.block ?? null;
    if (head !== null) drawCoverage(head, { model: state, geometry: places, colours, block });
    const body = prepareCanvas(canvas.current, {
      width: places.width,
      height: bodyPx(places.height, height),
    });
    const scene = {
      peers,
      geometry: places,
      colours,
      rows: visibleRows(places, { top, height }),
      scrollTop: top,
      cursor: cursor.value,
      session: litSession.value,
    };
    if (body !== null) drawMap(body, scene);
  });

  // A finger says first what it is on, and opens it when it comes again.
  const isOpening = useRef(true);
  const touch = (event: PointerEvent) => {
    const before = cursor.peek()?.row;
    point(event);
    isOpening.current = event.pointerType !== 'touch' || cursor.peek()?.row === before;
  };
  const point = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const y = event.clientY - box.top + seen.peek().top;
    cursor.value = cellAt(geometry, event.clientX - box.left, y);
  };
  const onKey = (event: KeyboardEvent) => {
    const peer = rows.peek()[cursor.peek()?.row ?? -1];
    if (event.key === 'Enter' && peer !== undefined) location.hash = addressOfPeer(peer.id);
    const next = moveCell(geometry, cursor.peek() ?? { row: 0, block: -1 }, event.key);
    if (next === null || geometry.rowCount === 0) return;
    event.preventDefault();
    cursor.value = next;
    keepInSight(frame.current, next.row * geometry.rowPx, geometry.rowPx);
  };
  const bodyHeight = Math.max(geometry.rowPx, geometry.height);
  return (
    <>
      <div
        class={isWholeShown.value ? 'map whole' : 'map'}
        ref={frame}
        style={{ '--names': `${namePx}px` }}
      >
        <div class="map-head">
          <span class="corner">peers</span>
          <canvas
            ref={coverage}
            style={{ width: geometry.width, height: coveragePx.bars + coveragePx.numbers }}
            role="img"
            aria-label={coverageText()}
          />
        </div>
        <div class="map-body" style={{ height: bodyHeight }}>
          <ul class="map-names">
            {rows.value.slice(shown.first, isNamed ? shown.end : shown.first).map((peer, index) => (
              <li key={peer.id} style={{ top: (shown.first + index) * geometry.rowPx }}>
                <a
                  href={addressOfPeer(peer.id)}
                  class={cursor.value?.row === shown.first + index ? 'pointed' : undefined}
                >
                  {peer.name || peer.id.slice(-8)}
                </a>
              </li>
            ))}
          </ul>
          <canvas
            ref={canvas}
            tabIndex={0}
            role="img"
            aria-label="Which peer hosts which blocks. Arrow keys walk over the cells."
            aria-describedby="map-facts"
            style={{ width: geometry.width, height: bodyPx(geometry.height, seen.value.height) }}
            onPointerMove={point}
            onPointerDown={touch}
            onPointerLeave={(event) => {
              if (event.pointerType !== 'touch') cursor.value = null;
            }}
            onKeyDown={onKey}
            onClick={() => {
              const peer = rows.peek()[cursor.peek()?.row ?? -1];
              if (peer !== undefined && isOpening.current) location.hash = addressOfPeer(peer.id);
            }}
          />
        </div>
      </div>
      <CellFacts />
    </>
  );
}

/** Width of the column with the names. */
function namesPx(framePx: number): number {
  return framePx < 560 ? 92 : 168;
}

/** Height of the canvas: what is left of the frame, or all rows where these are less. */
function bodyPx(rowsPx: number, framePx: number): number {
  return Math.max(1, Math.min(rowsPx, roomPx(framePx)));
}

/** Height of the frame below its head. */
function roomPx(framePx: number): number {
  return framePx - coveragePx.bars - coveragePx.numbers;
}

function coverageText(): string {
  const { headline = '', coverage = [] } = model.value ?? {};
  const fewest = Math.min(...coverage.map(({ peers }) => peers));
  return `Peers a block: ${headline}. The fewest are ${Number.isFinite(fewest) ? fewest : 0}.`;
}

/** What is pointed at, in words. */
function CellFacts() {
  const state = model.value;
  const cell = cursor.value;
  const peer = rows.value[cell?.row ?? -1];
  if (state === null || cell === null || peer === undefined) {
    return (
      <p class="facts" id="map-facts" role="status">
        <span class="hint">Point at a cell, or walk there with the arrow keys.</span>
      </p>
    );
  }
  return (
    <p class="facts" id="map-facts" role="status">
      <strong>{peer.name || peer.id.slice(-8)}</strong> {peerFacts(peer).join(' · ')}
      <span class="block-facts">{blockFacts(state, cell.block)}</span>
    </p>
  );
}

function keepInSight(frame: HTMLElement | null, top: number, height: number): void {
  if (frame === null) return;
  const headPx = coveragePx.bars + coveragePx.numbers;
  const room = frame.clientHeight - headPx - 2 * height;
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (top > frame.scrollTop + room) frame.scrollTop = top - room;
}

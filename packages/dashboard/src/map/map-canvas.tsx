import type { Signal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { addressOfPeer } from '../state/place.js';
import { bodyPx, headPx, type MapWindow } from './map-frame.js';
import { cellAt, type MapGeometry, moveCell } from './map-geometry.js';
import { cursor, rows } from './map-state.js';

interface MapCanvasProps {
  readonly canvas: RefObject<HTMLCanvasElement>;
  readonly frame: RefObject<HTMLElement>;
  readonly seen: Signal<MapWindow>;
  readonly geometry: MapGeometry;
}

/** The cells of the map, and what pointer and keys do on them. */
export function MapCanvas({ canvas, frame, seen, geometry }: MapCanvasProps) {
  // A finger says first what it is on, and opens it when it comes again.
  const isOpening = useRef(true);
  const point = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const y = event.clientY - box.top + seen.peek().top;
    cursor.value = cellAt(geometry, event.clientX - box.left, y);
  };
  const press = (event: PointerEvent) => {
    const before = cursor.peek()?.row;
    point(event);
    isOpening.current = event.pointerType !== 'touch' || cursor.peek()?.row === before;
  };
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter') openPeer();
    const next = moveCell(geometry, cursor.peek() ?? { row: 0, block: -1 }, event.key);
    if (next === null || geometry.rowCount === 0) return;
    event.preventDefault();
    cursor.value = next;
    keepInSight(frame.current, next.row * geometry.rowPx, geometry.rowPx);
  };
  return (
    <canvas
      ref={canvas}
      tabIndex={0}
      role="img"
      aria-label="Which peer hosts which blocks. Arrow keys walk over the cells."
      aria-describedby="map-facts"
      style={{ width: geometry.width, height: bodyPx(geometry.height, seen.value.height) }}
      onPointerMove={point}
      onPointerDown={press}
      onPointerLeave={(event) => {
        if (event.pointerType !== 'touch') cursor.value = null;
      }}
      onKeyDown={onKey}
      onClick={() => {
        if (isOpening.current) openPeer();
      }}
    />
  );
}

function openPeer(): void {
  const peer = rows.peek()[cursor.peek()?.row ?? -1];
  if (peer !== undefined) location.hash = addressOfPeer(peer.id);
}

function keepInSight(frame: HTMLElement | null, top: number, height: number): void {
  if (frame === null) return;
  const room = frame.clientHeight - headPx - 2 * height;
  if (top < frame.scrollTop) frame.scrollTop = top;
  else if (top > frame.scrollTop + room) frame.scrollTop = top - room;
}

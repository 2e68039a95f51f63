import { type Signal, useSignalEffect } from '@preact/signals';
import type { RefObject } from 'preact';
import { prepareCanvas } from '../state/canvas.js';
import { palette } from '../state/palette.js';
import { model } from '../state/swarm.js';
import { drawCoverage } from './draw-coverage.js';
import { drawMap } from './draw-map.js';
import { bodyPx, geometryIn, headPx, type MapWindow } from './map-frame.js';
import { visibleRows } from './map-geometry.js';
import { cursor, isWholeShown, litSession, rows } from './map-state.js';

/** Draws coverage and map whenever anything that they show has changed. */
export function useMapDrawing(
  coverage: RefObject<HTMLCanvasElement>,
  canvas: RefObject<HTMLCanvasElement>,
  seen: Signal<MapWindow>,
): void {
  useSignalEffect(() => {
    const state = model.value;
    const colours = palette.value;
    const frame = seen.value;
    const peers = rows.value;
    if (state === null || canvas.current === null || coverage.current === null) return;
    const geometry = geometryIn(frame, {
      blockCount: state.blockCount,
      rowCount: peers.length,
      isWhole: isWholeShown.value,
    });
    const { width } = geometry;
    const block = cursor.value?.block ?? null;
    const head = prepareCanvas(coverage.current, { width, height: headPx });
    if (head !== null) drawCoverage(head, { model: state, geometry, colours, block });
    const height = bodyPx(geometry.height, frame.height);
    const body = prepareCanvas(canvas.current, { width, height });
    if (body === null) return;
    drawMap(body, {
      peers,
      geometry,
      colours,
      rows: visibleRows(geometry, frame),
      scrollTop: frame.top,
      cursor: cursor.value,
      session: litSession.value,
    });
  });
}

import type { ApiSession, PeerSummary } from '@skein/protocol/http-api';
import type { Palette } from '../state/palette.js';
import { drawPeer } from './draw-peer.js';
import type { Cell, MapGeometry } from './map-geometry.js';

/** What of the map is seen, and what is pointed at. */
export interface MapScene {
  readonly peers: readonly PeerSummary[];
  readonly geometry: MapGeometry;
  readonly colours: Palette;
  readonly rows: { readonly first: number; readonly end: number };
  /** How far the map is scrolled down. */
  readonly scrollTop: number;
  readonly cursor: Cell | null;
  readonly session: ApiSession | null;
}

/** Draws the rows that are seen, and the route of the lit session over them. */
export function drawMap(context: CanvasRenderingContext2D, scene: MapScene): void {
  const { geometry, colours, rows, scrollTop, cursor, session, peers } = scene;
  const { columnPx, rowPx, width, blockCount } = geometry;
  const height = rows.end * rowPx - scrollTop;
  drawWarp(context, scene, height);
  if (cursor !== null) {
    context.fillStyle = colours.sunken;
    context.fillRect(0, cursor.row * rowPx - scrollTop, width, rowPx);
    context.fillRect(cursor.block * columnPx, 0, columnPx, height);
  }
  const onRoute = new Set(session?.route.map(({ peer }) => peer));
  for (let row = rows.first; row < rows.end; row++) {
    const peer = peers[row];
    if (peer === undefined) continue;
    const isDim = session !== null && !onRoute.has(peer.id);
    drawPeer(peer, { context, geometry, colours, top: row * rowPx - scrollTop, isDim });
  }
  if (session !== null) drawRoute(context, scene, session);
  if (cursor !== null && cursor.block < blockCount) {
    context.strokeStyle = colours.ink;
    context.lineWidth = 1.5;
    const [x, y] = [cursor.block * columnPx, cursor.row * rowPx - scrollTop];
    const inset = Math.min(0.75, rowPx / 6);
    context.strokeRect(x + inset, y + inset, columnPx - 2 * inset, rowPx - 2 * inset);
  }
}

/** The threads that the spans are woven over: a hairline every few blocks. */
function drawWarp(
  context: CanvasRenderingContext2D,
  { geometry, colours }: MapScene,
  height: number,
) {
  const { columnPx, blockCount } = geometry;
  const every = warpEvery(geometry);
  context.fillStyle = colours.line;
  for (let block = 0; block <= blockCount; block += every) {
    context.fillRect(Math.min(block * columnPx, geometry.width - 1), 0, 1, height);
  }
}

/** Blocks from one line, and one number, to the next. */
export function warpEvery({ columnPx }: MapGeometry): number {
  return [1, 2, 4, 8, 16].find((every) => every * columnPx >= 30) ?? 16;
}

/** The route: a thread from row to row, through all blocks. */
function drawRoute(context: CanvasRenderingContext2D, scene: MapScene, session: ApiSession): void {
  const { geometry, colours, peers, scrollTop } = scene;
  const { columnPx, rowPx } = geometry;
  const rowOf = new Map(peers.map(({ id }, row) => [id, row]));
  const trace = () => {
    context.beginPath();
    let isBegun = false;
    for (const { peer, span } of session.route) {
      const row = rowOf.get(peer);
      if (row === undefined) continue;
      const y = row * rowPx + rowPx / 2 - scrollTop;
      const [left, right] = [span.start * columnPx, span.end * columnPx];
      if (isBegun) context.lineTo(left, y);
      else context.moveTo(left, y);
      context.lineTo(right, y);
      isBegun = true;
    }
    context.stroke();
  };
  context.save();
  context.lineJoin = 'round';
  context.lineCap = 'round';
  context.strokeStyle = colours.ground;
  context.lineWidth = 6;
  trace();
  context.strokeStyle = colours.madder;
  context.lineWidth = 2.5;
  trace();
  context.restore();
}

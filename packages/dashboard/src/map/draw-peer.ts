import type { PeerSummary } from '@skein/protocol/http-api';
import { dashboardLimits } from '../dashboard-limits.js';
import type { Palette } from '../state/palette.js';
import { loadOf, loadStep } from './load.js';
import type { MapGeometry } from './map-geometry.js';

/** A drawing place: one row of the map. */
export interface RowPlace {
  readonly context: CanvasRenderingContext2D;
  readonly geometry: MapGeometry;
  readonly colours: Palette;
  /** The row's upper edge on the canvas. */
  readonly top: number;
  /** A session is lit, and this row is not part of it. */
  readonly isDim: boolean;
}

/**
 * Draws a peer's span as a thread over its blocks: thicker and darker the more it has to do. A state
 * other than serving has a pattern of its own: dashes join, stripes leave, dots are lost.
 */
export function drawPeer(peer: PeerSummary, place: RowPlace): void {
  const { context, isDim } = place;
  context.save();
  context.globalAlpha = isDim ? 0.35 : 1;
  if (peer.nextSpan !== null) drawMove(peer.nextSpan, place);
  if (peer.state === 'serving') drawServing(peer, place);
  else if (peer.state === 'joining') drawDashes(peer, place, [7, 4]);
  else if (peer.state === 'draining') drawStripes(peer, place);
  else drawDashes(peer, place, [1.5, 5]);
  if (peer.state !== 'lost') drawEnds(peer, place);
  context.restore();
}

interface Line {
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

function lineOf({ start, end }: { start: number; end: number }, { geometry, top }: RowPlace): Line {
  const { columnPx, rowPx } = geometry;
  return { left: start * columnPx + 2, right: end * columnPx - 2, middle: top + rowPx / 2 };
}

/** From a hair to nearly the row's height. */
function thicknessOf(load: number, rowPx: number): number {
  // Where rows are mere threads there is no room for thin ones.
  return rowPx < dashboardLimits.namedRowPxMin
    ? rowPx * (0.35 + load * 0.55)
    : rowPx * (0.18 + load * 0.5);
}

function drawServing(peer: PeerSummary, place: RowPlace): void {
  const { context, colours } = place;
  const load = loadOf(peer);
  const { left, right, middle } = lineOf(peer.span, place);
  const thickness = thicknessOf(load, place.geometry.rowPx);
  context.fillStyle = colours[`load-${loadStep(load)}`];
  context.beginPath();
  context.roundRect(left, middle - thickness / 2, right - left, thickness, thickness / 2);
  context.fill();
  drawBlockTicks(peer.span, place, thickness);
}

/** Hairlines that let blocks be counted. */
function drawBlockTicks({ start, end }: PeerSummary['span'], place: RowPlace, thickness: number) {
  const { context, geometry, colours, top } = place;
  if (geometry.columnPx < 8 || geometry.rowPx < dashboardLimits.namedRowPxMin) return;
  context.fillStyle = colours.ground;
  const middle = top + geometry.rowPx / 2;
  for (let block = start + 1; block < end; block++) {
    context.fillRect(block * geometry.columnPx - 0.5, middle - thickness / 2, 1, thickness);
  }
}

function drawDashes(peer: PeerSummary, place: RowPlace, dashes: number[]): void {
  const { context, colours } = place;
  const { left, right, middle } = lineOf(peer.span, place);
  const isLost = peer.state === 'lost';
  context.strokeStyle = isLost ? colours['ink-faint'] : colours.weld;
  context.lineWidth = place.geometry.rowPx * (isLost ? 0.12 : 0.24);
  context.lineCap = isLost ? 'round' : 'butt';
  context.setLineDash(dashes);
  context.beginPath();
  context.moveTo(left, middle);
  context.lineTo(right, middle);
  context.stroke();
  context.setLineDash([]);
  if (isLost) drawCross(place, (left + right) / 2, middle);
}

function drawCross({ context, colours, geometry }: RowPlace, x: number, y: number): void {
  const arm = geometry.rowPx * 0.19;
  context.strokeStyle = colours['ink-soft'];
  context.lineWidth = Math.min(2, arm);
  context.beginPath();
  context.moveTo(x - arm, y - arm);
  context.lineTo(x + arm, y + arm);
  context.moveTo(x + arm, y - arm);
  context.lineTo(x - arm, y + arm);
  context.stroke();
}

function drawStripes(peer: PeerSummary, place: RowPlace): void {
  const { context, colours } = place;
  const { left, right, middle } = lineOf(peer.span, place);
  const half = Math.max(
    place.geometry.rowPx * 0.18,
    thicknessOf(loadOf(peer), place.geometry.rowPx) / 2,
  );
  context.save();
  context.beginPath();
  context.roundRect(left, middle - half, right - left, 2 * half, half);
  context.strokeStyle = colours.woad;
  context.lineWidth = 1.5;
  context.stroke();
  context.clip();
  context.lineWidth = 2;
  context.beginPath();
  for (let x = left - 2 * half; x < right; x += 6) {
    context.moveTo(x, middle + half);
    context.lineTo(x + 2 * half, middle - half);
  }
  context.stroke();
  context.restore();
}

/** Where a peer is about to be: an outline. */
function drawMove(span: { start: number; end: number }, place: RowPlace): void {
  const { context, colours } = place;
  const { left, right, middle } = lineOf(span, place);
  context.strokeStyle = colours.weld;
  context.lineWidth = 1.5;
  context.setLineDash([3, 3]);
  context.beginPath();
  const half = place.geometry.rowPx * 0.28;
  context.roundRect(left, middle - half, right - left, 2 * half, half);
  context.stroke();
  context.setLineDash([]);
}

/** A knot where a peer has the embedding, a diamond where it has the head. */
function drawEnds({ span, ends }: PeerSummary, place: RowPlace): void {
  const { context, colours, geometry } = place;
  // In the cloth they would hide their neighbours.
  if (geometry.rowPx < dashboardLimits.namedRowPxMin) return;
  const { left, right, middle } = lineOf(span, place);
  context.fillStyle = colours.ink;
  context.strokeStyle = colours.ground;
  context.lineWidth = 1.5;
  if (ends.embedding) {
    context.beginPath();
    context.arc(left + 4, middle, 4, 0, 2 * Math.PI);
    context.fill();
    context.stroke();
  }
  if (!ends.head) return;
  context.beginPath();
  context.moveTo(right - 9, middle);
  context.lineTo(right - 4, middle - 5);
  context.lineTo(right + 1, middle);
  context.lineTo(right - 4, middle + 5);
  context.closePath();
  context.fill();
  context.stroke();
}

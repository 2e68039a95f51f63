import type { ApiEdge, PeerSummary } from '@skein/protocol/http-api';
import { dashboardLimits } from '../dashboard-limits.js';
import type { Palette } from '../state/palette.js';
import type { Place } from './place-peers.js';

/** A flow of activations: between two peers, or from and to the clients at the margins. */
export interface Stream {
  readonly from: string | null;
  readonly to: string | null;
  readonly sessions: number;
}

/** What changed a moment ago, from 1 (now) to 0 (long ago). */
interface FreshChange {
  readonly gone: readonly string[];
  readonly come: readonly string[];
  readonly freshness: number;
}

export interface FlowScene {
  readonly width: number;
  readonly height: number;
  readonly colours: Palette;
  readonly peers: readonly PeerSummary[];
  readonly places: ReadonlyMap<string, Place>;
  readonly streams: readonly Stream[];
  /** Distances of the peer that is pointed at. */
  readonly distances: readonly ApiEdge[];
  readonly pointed: string | null;
  readonly changes: readonly FreshChange[];
  /** Seconds; null: nothing moves. */
  readonly time: number | null;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const flowMarginPx = 36;

/** Where a peer is on a drawing of some size. */
export function pointOf(place: Place, size: { width: number; height: number }): Point {
  const inner = { width: size.width - 2 * flowMarginPx, height: size.height - 2 * 18 };
  return { x: flowMarginPx + place.x * inner.width, y: 18 + place.y * inner.height };
}

/** Draws the swarm as what it is: threads from peer to peer, left to right through the blocks. */
export function drawFlow(context: CanvasRenderingContext2D, scene: FlowScene): void {
  const { streams, distances, peers } = scene;
  context.lineCap = 'round';
  for (const edge of distances) drawDistance(context, scene, edge);
  for (const stream of streams) drawStream(context, scene, stream);
  for (const change of scene.changes) drawChange(context, scene, change);
  for (const peer of peers) drawKnot(context, scene, peer);
}

/** Clients are at the margins, in the middle. */
function endOf(scene: FlowScene, peer: string | null, side: 'left' | 'right'): Point | null {
  if (peer === null) return { x: side === 'left' ? 2 : scene.width - 2, y: scene.height / 2 };
  const place = scene.places.get(peer);
  return place === undefined ? null : pointOf(place, scene);
}

/** A thread leaves and arrives level, as yarn does. */
function curveOf(from: Point, to: Point): readonly [Point, Point, Point, Point] {
  const reach = Math.max(24, Math.abs(to.x - from.x) * 0.5);
  return [from, { x: from.x + reach, y: from.y }, { x: to.x - reach, y: to.y }, to];
}

function drawStream(context: CanvasRenderingContext2D, scene: FlowScene, stream: Stream): void {
  const from = endOf(scene, stream.from, 'left');
  const to = endOf(scene, stream.to, 'right');
  if (from === null || to === null) return;
  const { colours, pointed, time } = scene;
  const isPointed = pointed !== null && (stream.from === pointed || stream.to === pointed);
  const curve = curveOf(from, to);
  context.globalAlpha = pointed === null ? 0.5 : isPointed ? 0.95 : 0.12;
  context.strokeStyle = colours.madder;
  context.lineWidth = Math.min(6, 0.9 + Math.sqrt(stream.sessions) * 0.8);
  trace(context, curve);
  context.globalAlpha = pointed === null || isPointed ? 1 : 0.2;
  context.fillStyle = colours.madder;
  if (time === null) drawArrow(context, curve);
  else drawGrains(context, curve, { time, sessions: stream.sessions });
  context.globalAlpha = 1;
}

function trace(context: CanvasRenderingContext2D, [a, b, c, d]: ReturnType<typeof curveOf>): void {
  context.beginPath();
  context.moveTo(a.x, a.y);
  context.bezierCurveTo(b.x, b.y, c.x, c.y, d.x, d.y);
  context.stroke();
}

function pointAt([a, b, c, d]: ReturnType<typeof curveOf>, t: number): Point {
  const s = 1 - t;
  const mix = (key: 'x' | 'y') =>
    s ** 3 * a[key] + 3 * s ** 2 * t * b[key] + 3 * s * t ** 2 * c[key] + t ** 3 * d[key];
  return { x: mix('x'), y: mix('y') };
}

/** Activations on their way: more where more sessions are. */
function drawGrains(
  context: CanvasRenderingContext2D,
  curve: ReturnType<typeof curveOf>,
  { time, sessions }: { readonly time: number; readonly sessions: number },
): void {
  const grains = Math.min(4, 1 + Math.floor(Math.log2(Math.max(1, sessions))));
  const phase = (curve[0].x * 0.013 + curve[3].y * 0.007) % 1;
  for (let grain = 0; grain < grains; grain++) {
    const { x, y } = pointAt(curve, (time * 0.55 + phase + grain / grains) % 1);
    context.beginPath();
    context.arc(x, y, 2.4, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawArrow(context: CanvasRenderingContext2D, curve: ReturnType<typeof curveOf>): void {
  const [before, tip] = [pointAt(curve, 0.5), pointAt(curve, 0.53)];
  const angle = Math.atan2(tip.y - before.y, tip.x - before.x);
  context.beginPath();
  for (const turn of [0, 2.5, -2.5]) {
    const x = tip.x + 5 * Math.cos(angle + turn);
    const y = tip.y + 5 * Math.sin(angle + turn);
    if (turn === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.fill();
}

function drawDistance(context: CanvasRenderingContext2D, scene: FlowScene, edge: ApiEdge): void {
  const from = endOf(scene, edge.from, 'left');
  const to = endOf(scene, edge.to, 'right');
  if (from === null || to === null || edge.roundTripMs === null) return;
  const { colours } = scene;
  context.strokeStyle = colours['line-strong'];
  context.lineWidth = 1;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
  context.setLineDash([]);
  const text = edge.roundTripMs < 10 ? edge.roundTripMs.toFixed(1) : edge.roundTripMs.toFixed(0);
  const [x, y] = [from.x * 0.35 + to.x * 0.65, from.y * 0.35 + to.y * 0.65];
  context.font = '11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const width = context.measureText(text).width + 6;
  context.fillStyle = colours.ground;
  context.fillRect(x - width / 2, y - 7, width, 14);
  context.fillStyle = colours['ink-soft'];
  context.fillText(text, x, y);
}

/** Who was tied in a moment ago has a ring; who was lost, a cross. */
function drawChange(
  context: CanvasRenderingContext2D,
  scene: FlowScene,
  change: FreshChange,
): void {
  const { colours, time } = scene;
  context.globalAlpha = time === null ? 1 : Math.min(1, change.freshness * 2);
  context.lineWidth = 2.5;
  for (const id of change.come) {
    const point = endOf(scene, id, 'left');
    if (point === null) continue;
    const grown = time === null ? 0.4 : 1 - change.freshness;
    context.strokeStyle = colours.lichen;
    context.beginPath();
    context.arc(point.x, point.y, 9 + grown * 16, 0, 2 * Math.PI);
    context.stroke();
  }
  for (const id of change.gone) {
    const point = endOf(scene, id, 'left');
    if (point === null) continue;
    context.strokeStyle = colours.madder;
    context.beginPath();
    context.moveTo(point.x - 9, point.y - 9);
    context.lineTo(point.x + 9, point.y + 9);
    context.moveTo(point.x + 9, point.y - 9);
    context.lineTo(point.x - 9, point.y + 9);
    context.stroke();
  }
  context.globalAlpha = 1;
}

function drawKnot(context: CanvasRenderingContext2D, scene: FlowScene, peer: PeerSummary): void {
  const place = scene.places.get(peer.id);
  if (place === undefined) return;
  const { colours, pointed } = scene;
  const { x, y } = pointOf(place, scene);
  const radius = peer.sessions > 0 ? 5.5 : 4;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  if (peer.state === 'serving') {
    context.fillStyle = peer.sessions > 0 ? colours['load-3'] : colours['load-1'];
    context.fill();
  } else {
    context.fillStyle = colours.ground;
    context.fill();
    context.setLineDash(peer.state === 'draining' ? [] : [2, 2]);
    context.strokeStyle = peer.state === 'lost' ? colours['ink-faint'] : colours.weld;
    context.lineWidth = 1.8;
    context.stroke();
    context.setLineDash([]);
  }
  if (scene.peers.length <= dashboardLimits.namedKnotsMax) drawName(context, scene, peer, { x, y });
  if (pointed !== peer.id) return;
  context.strokeStyle = colours.ink;
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, radius + 3, 0, 2 * Math.PI);
  context.stroke();
}

function drawName(
  context: CanvasRenderingContext2D,
  { colours }: FlowScene,
  { name, id }: PeerSummary,
  { x, y }: Point,
): void {
  context.font = '12px ui-sans-serif, system-ui, sans-serif';
  context.textAlign = 'center';
  context.textBaseline = 'top';
  const text = name || id.slice(-8);
  // A thread behind it must not cross it out.
  context.strokeStyle = colours.ground;
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeText(text, x, y + 10);
  context.fillStyle = colours['ink-soft'];
  context.fillText(text, x, y + 10);
}

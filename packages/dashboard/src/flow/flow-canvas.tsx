import { type Signal, useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { blocks, plural } from '@skein/look';
import type { PeerSummary } from '@skein/protocol/http-api';
import { useEffect, useRef } from 'preact/hooks';
import { dashboardLimits } from '../dashboard-limits.js';
import { prepareCanvas, wantsStillness } from '../state/canvas.js';
import { palette } from '../state/palette.js';
import { addressOfPeer } from '../state/place.js';
import { edges, model, peers, sessions } from '../state/swarm.js';
import { drawFlow, pointOf, type Stream } from './draw-flow.js';
import type { SeenChange } from './flow-view.js';
import { type Place, placePeers } from './place-peers.js';

/** Nearest distance at which a peer counts as pointed at. */
const reachPx = 18;

/** The drawing of the flow. Everything that it shows is in the table below it as well. */
export function FlowCanvas({ changes }: { readonly changes: Signal<readonly SeenChange[]> }) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSignal({ width: 0, height: 0 });
  const pointed = useSignal<string | null>(null);
  const places = useRef<ReadonlyMap<string, Place>>(new Map());

  const shown = useComputed<readonly PeerSummary[]>(() => {
    const hash = model.value?.hash;
    return [...peers.value.values()].filter((peer) => peer.model.hash === hash);
  });

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [size]);

  const draw = (nowMs: number) => {
    const { width, height } = size.value;
    const state = model.value;
    if (canvas.current === null || width === 0 || state === null) return;
    const context = prepareCanvas(canvas.current, { width, height });
    if (context === null) return;
    places.current = placePeers(shown.value, state.blockCount, places.current);
    drawFlow(context, {
      width,
      height,
      colours: palette.value,
      peers: shown.value,
      places: places.current,
      streams: streamsOf(state.hash),
      distances: edges.value.filter(({ from }) => from === pointed.value),
      pointed: pointed.value,
      changes: changes.value.flatMap(({ gone, come, seenAtMs }) => {
        const freshness = 1 - (nowMs - seenAtMs) / dashboardLimits.changeMs;
        return freshness > 0 ? [{ gone, come, freshness }] : [];
      }),
      time: wantsStillness.value ? null : nowMs / 1000,
    });
  };

  useSignalEffect(() => {
    // Where nothing moves it is drawn when something changed, else for every frame.
    if (wantsStillness.value) {
      draw(performance.now());
      return;
    }
    let frameId = requestAnimationFrame(function next(nowMs) {
      draw(nowMs);
      frameId = requestAnimationFrame(next);
    });
    return () => cancelAnimationFrame(frameId);
  });

  const point = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined) return;
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    pointed.value = nearest(places.current, size.peek(), { x, y });
  };
  // A finger says first what it is on, and opens it when it comes again.
  const isOpening = useRef(true);
  const touch = (event: PointerEvent) => {
    const before = pointed.peek();
    point(event);
    isOpening.current = event.pointerType !== 'touch' || pointed.peek() === before;
  };
  const peer = peers.value.get(pointed.value ?? '');
  return (
    <div class="flow" ref={frame}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${plural(shown.value.length, 'peer')}, with what flows between them. The table below has the same.`}
        onPointerMove={point}
        onPointerDown={touch}
        onPointerLeave={(event) => {
          if (event.pointerType !== 'touch') pointed.value = null;
        }}
        onClick={() => {
          if (pointed.value !== null && isOpening.current)
            location.hash = addressOfPeer(pointed.value);
        }}
      />
      {peer !== undefined && (
        <p class="flow-facts">
          <strong>{peer.name || peer.id.slice(-8)}</strong> {blocks(peer.span)},{' '}
          {plural(peer.sessions, 'session')}
        </p>
      )}
    </div>
  );
}

/** Flows between peers, and those from and to clients, which the routes tell. */
function streamsOf(hash: string): readonly Stream[] {
  const streams: Stream[] = [];
  const known = peers.value;
  for (const { from, to, sessions: count } of edges.value) {
    if (count > 0 && known.get(from)?.model.hash === hash)
      streams.push({ from, to, sessions: count });
  }
  const first = new Map<string, number>();
  const last = new Map<string, number>();
  for (const { model: own, route, isIdle, isWhole } of sessions.value) {
    if (own.hash !== hash || isIdle || !isWhole) continue;
    const [entry, exit] = [route[0]?.peer, route.at(-1)?.peer];
    if (entry !== undefined) first.set(entry, (first.get(entry) ?? 0) + 1);
    if (exit !== undefined) last.set(exit, (last.get(exit) ?? 0) + 1);
  }
  for (const [to, count] of first) streams.push({ from: null, to, sessions: count });
  for (const [from, count] of last) streams.push({ from, to: null, sessions: count });
  const busiest = streams.sort((a, b) => b.sessions - a.sessions);
  return busiest.slice(0, dashboardLimits.drawnEdgesMax);
}

function nearest(
  places: ReadonlyMap<string, Place>,
  size: { readonly width: number; readonly height: number },
  at: { readonly x: number; readonly y: number },
): string | null {
  let found: string | null = null;
  let least = reachPx;
  for (const [id, place] of places) {
    const { x, y } = pointOf(place, size);
    const distance = Math.hypot(x - at.x, y - at.y);
    if (distance < least) {
      found = id;
      least = distance;
    }
  }
  return found;
}

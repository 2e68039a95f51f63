import { type Signal, useComputed, useSignal } from '@preact/signals';
import { blocks, plural } from '@skein/look';
import type { PeerSummary } from '@skein/protocol/http-api';
import { useEffect, useRef } from 'preact/hooks';
import { addressOfPeer } from '../state/place.js';
import { model, peers } from '../state/swarm.js';
import { pointOf } from './draw-flow.js';
import type { SeenChange } from './flow-view.js';
import type { Place } from './place-peers.js';
import { useFlowDrawing } from './use-flow-drawing.js';

/** Nearest distance at which a peer counts as pointed at. */
const reachPx = 18;

/** The drawing of the flow. Everything that it shows is in the table below it as well. */
export function FlowCanvas({ changes }: { readonly changes: Signal<readonly SeenChange[]> }) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const size = useSignal({ width: 0, height: 0 });
  const pointed = useSignal<string | null>(null);
  const shown = useComputed<readonly PeerSummary[]>(() => {
    const hash = model.value?.hash;
    return [...peers.value.values()].filter((peer) => peer.model.hash === hash);
  });
  const places = useFlowDrawing({ canvas, size, shown, pointed, changes });

  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [size]);

  // A finger says first what it is on, and opens it when it comes again.
  const isOpening = useRef(true);
  const point = (event: PointerEvent) => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined || places.current === null) return;
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    pointed.value = nearest(places.current, size.peek(), at);
  };
  const press = (event: PointerEvent) => {
    const before = pointed.peek();
    point(event);
    isOpening.current = event.pointerType !== 'touch' || pointed.peek() === before;
  };
  return (
    <div class="flow" ref={frame}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`${plural(shown.value.length, 'peer')}, with what flows between them. The table below has the same.`}
        onPointerMove={point}
        onPointerDown={press}
        onPointerLeave={(event) => {
          if (event.pointerType !== 'touch') pointed.value = null;
        }}
        onClick={() => {
          const id = pointed.peek();
          if (id !== null && isOpening.current) location.hash = addressOfPeer(id);
        }}
      />
      <PointedPeer id={pointed.value} />
    </div>
  );
}

function PointedPeer({ id }: { readonly id: string | null }) {
  const peer = peers.value.get(id ?? '');
  if (peer === undefined) return null;
  return (
    <p class="flow-facts">
      <strong>{peer.name || peer.id.slice(-8)}</strong> {blocks(peer.span)},{' '}
      {plural(peer.sessions, 'session')}
    </p>
  );
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

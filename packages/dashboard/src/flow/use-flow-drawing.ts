import { type ReadonlySignal, type Signal, useSignalEffect } from '@preact/signals';
import type { PeerSummary } from '@skein/protocol/http-api';
import type { RefObject } from 'preact';
import { useRef } from 'preact/hooks';
import { dashboardLimits } from '../dashboard-limits.js';
import { prepareCanvas, wantsStillness } from '../state/canvas.js';
import { palette } from '../state/palette.js';
import { edges, model } from '../state/swarm.js';
import { drawFlow } from './draw-flow.js';
import type { SeenChange } from './flow-view.js';
import { type Place, placePeers } from './place-peers.js';
import { streamsOf } from './streams-of.js';

/** What the drawing of the flow depends on, beside the swarm. */
export interface FlowDrawing {
  readonly canvas: RefObject<HTMLCanvasElement>;
  readonly size: Signal<{ readonly width: number; readonly height: number }>;
  readonly shown: ReadonlySignal<readonly PeerSummary[]>;
  readonly pointed: Signal<string | null>;
  readonly changes: Signal<readonly SeenChange[]>;
}

/** Draws the flow: for every frame, or where nothing moves when something changed. */
export function useFlowDrawing(drawing: FlowDrawing): RefObject<ReadonlyMap<string, Place>> {
  const { canvas, size, shown, pointed, changes } = drawing;
  const places = useRef<ReadonlyMap<string, Place>>(new Map());
  const draw = (nowMs: number) => {
    const { width, height } = size.value;
    const state = model.value;
    if (canvas.current === null || width === 0 || state === null) return;
    const context = prepareCanvas(canvas.current, { width, height });
    if (context === null) return;
    places.current = placePeers(shown.value, state.blockCount, places.current ?? undefined);
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
  return places;
}

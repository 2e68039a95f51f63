import type { PeerId } from '@skein/protocol';
import type { GenerationEvent } from '../generate/generation-types.js';
import type { RouteHop } from '../routing/snapshot.js';
import type { SwarmView } from '../routing/swarm-view.js';
import type { HopUsageReport } from '../session/swarm-session.js';

/** What a generation is, for whoever watches it. Prompts and tokens are not told. */
export interface WatchedGeneration {
  readonly model: string;
  readonly promptTokens: number;
  /** The route that is there already, from an earlier generation of the session; else empty. */
  route(): readonly RouteHop[];
  /** What the hops took so far, over the whole session. */
  usage(): readonly HopUsageReport[];
}

/** Follows one generation. What it throws is a bug of its own, and breaks the generation. */
export interface GenerationWatch {
  onEvent(event: GenerationEvent): void;
  /** @param error null when it ended by itself, or its reader left */
  onEnd(error: unknown): void;
}

/** Watches what a client does: for metrics, for traces. */
export interface Instrumentation {
  watchGeneration?(generation: WatchedGeneration): GenerationWatch;
  /** A step of a single token over a whole route is done; sums over its hops. */
  onStep?(step: {
    readonly elapsedMs: number;
    readonly queueMs: number;
    readonly computeMs: number;
  }): void;
  /** A peer failed, and is avoided for a while. */
  onBan?(peer: PeerId, banMs: number): void;
}

/** The same events, told to all who watch. */
export async function* watched(
  events: AsyncGenerator<GenerationEvent, void, undefined>,
  watches: readonly GenerationWatch[],
): AsyncGenerator<GenerationEvent, void, undefined> {
  let failure: unknown = null;
  try {
    for await (const event of events) {
      for (const watch of watches) watch.onEvent(event);
      yield event;
    }
  } catch (error) {
    failure = error;
    throw error;
  } finally {
    for (const watch of watches) watch.onEnd(failure);
  }
}

/** Has steps and bans told to all who watch. */
export function instrumentView(view: SwarmView, all: readonly Instrumentation[]): void {
  if (all.length === 0) return;
  view.bans.onBan = (peer, banMs) => {
    for (const one of all) one.onBan?.(peer, banMs);
  };
  view.measurements.onStep = (step) => {
    for (const one of all) one.onStep?.(step);
  };
}

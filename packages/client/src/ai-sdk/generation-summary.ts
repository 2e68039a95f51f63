import type {
  JSONObject,
  LanguageModelV3FinishReason,
  LanguageModelV3Usage,
  SharedV3ProviderMetadata,
} from '@ai-sdk/provider';
import type { EndEvent, GenerationEvent } from '../generate/generation-types.js';
import type { RerouteEvent, RouteEvent } from '../session/session-types.js';

/** Reroutes that are told one by one; a generation that has more is told their number. */
const reroutesMax = 64;

/** Gathers what is told at the end of a generation. */
export class GenerationSummary {
  #route: RouteEvent | null = null;
  readonly #reroutes: RerouteEvent[] = [];
  #rerouteCount = 0;
  #end: EndEvent | null = null;

  add(event: GenerationEvent): void {
    if (event.type === 'route') this.#route = event;
    else if (event.type === 'reroute') {
      this.#rerouteCount += 1;
      if (this.#reroutes.length < reroutesMax) this.#reroutes.push(event);
    } else if (event.type === 'end') this.#end = event;
  }

  /** @param callCount calls of tools that the answer holds */
  finishReason(callCount: number): LanguageModelV3FinishReason {
    const raw = this.#end?.reason;
    if (raw === 'length') return { unified: 'length', raw };
    if (raw !== 'eos' && raw !== 'stop') return { unified: 'other', raw };
    return { unified: callCount > 0 ? 'tool-calls' : 'stop', raw };
  }

  get usage(): LanguageModelV3Usage {
    const prompt = this.#end?.promptTokens;
    const tokens = this.#end?.tokens;
    return {
      inputTokens: { total: prompt, noCache: prompt, cacheRead: 0, cacheWrite: undefined },
      outputTokens: { total: tokens, text: tokens, reasoning: undefined },
    };
  }

  /** `providerMetadata.skein`. */
  get metadata(): SharedV3ProviderMetadata {
    const {
      seed,
      firstTokenMs = null,
      tokensPerSecond = null,
      stop,
      isClosedEarly,
    } = this.#end ?? {};
    return {
      skein: {
        route: describeRoute(this.#route),
        reroutes: this.#reroutes.map(describeReroute),
        rerouteCount: this.#rerouteCount,
        timings: { firstTokenMs, tokensPerSecond },
        ...(seed !== undefined && { seed }),
        ...(stop !== undefined && { stop }),
        ...(isClosedEarly !== undefined && { isClosedEarly }),
      },
    };
  }
}

/** The hops of the route that stood last. */
function describeRoute(route: RouteEvent | null): JSONObject[] {
  const hops = route?.hops ?? [];
  return hops.map(({ peer, name, span }) => ({ peer, name, span: [span.start, span.end] }));
}

function describeReroute(event: RerouteEvent): JSONObject {
  const { kind, reason, message, lostPeer, span, newPeers } = event;
  const { detectionMs, rebuiltTokens, rebuildMs, recoveryMs } = event;
  return {
    kind,
    reason,
    message,
    lostPeer,
    span: [span.start, span.end],
    newPeers: [...newPeers],
    detectionMs,
    rebuiltTokens,
    rebuildMs,
    recoveryMs,
  };
}

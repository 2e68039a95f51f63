import type { RouteHop } from '../../routing/snapshot.js';
import type { RerouteEvent, WaitingEvent } from '../../session/session-types.js';
import { gatewayLimits } from '../gateway-limits.js';
import { mergeChoices } from '../generation/merge-choices.js';
import type { RouteListener, RouteNews } from '../generation/watch-route.js';
import type { GatewayContext } from '../http/gateway-context.js';
import type { ServerSentEvent } from '../http/server-sent-events.js';

/** The header by which a caller asks for them; our own extension of every stream. */
const header = 'x-skein-events';

/** Where an answer is computed, told among the events of its stream: `event: skein`. */
export class RouteEvents {
  #pending: ServerSentEvent[] = [];
  #isOver = false;
  #wake = () => {};

  /** Null for callers that did not ask: they would not know what to make of them. */
  static for(context: GatewayContext): RouteEvents | null {
    return context.req.header(header) === '1' ? new RouteEvents() : null;
  }

  /** Bound, to be handed to a generation. */
  readonly listener: RouteListener = (news, choice) => {
    // A reader that is so far behind misses old routes, not the newest.
    if (this.#pending.length === gatewayLimits.routeEventsMax) this.#pending.shift();
    this.#pending.push({ event: 'skein', data: JSON.stringify(describe(news, choice)) });
    this.#wake();
  };

  /** The events of an answer, with those of its routes between them. */
  among(
    source: AsyncGenerator<ServerSentEvent, void, undefined>,
  ): AsyncGenerator<ServerSentEvent, void, undefined> {
    return mergeChoices([this.#untilOver(source), this.#told()], () => this.#end());
  }

  async *#untilOver(source: AsyncGenerator<ServerSentEvent, void, undefined>) {
    try {
      yield* source;
    } finally {
      this.#end();
    }
  }

  async *#told(): AsyncGenerator<ServerSentEvent, void, undefined> {
    for (;;) {
      const events = this.#pending;
      this.#pending = [];
      yield* events;
      if (this.#isOver) return;
      if (this.#pending.length > 0) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#wake();
  }
}

function describe(news: RouteNews, choice: number): object {
  if (news.type === 'route') return { type: news.type, choice, hops: news.hops.map(describeHop) };
  if (news.type === 'reroute') return { type: news.type, choice, ...describeReroute(news) };
  return { type: news.type, choice, ...describeWaiting(news) };
}

function describeHop({ peer, name, span, ends, numericKind }: RouteHop) {
  return { peer, name, span, ends, numeric_kind: numericKind };
}

function describeReroute(event: RerouteEvent) {
  return {
    kind: event.kind,
    reason: event.reason,
    lost_peer: event.lostPeer,
    new_peers: event.newPeers,
    span: event.span,
    detection_ms: event.detectionMs,
    recovery_ms: event.recoveryMs,
    rebuilt_tokens: event.rebuiltTokens,
  };
}

function describeWaiting({ missing, waitMsMax }: WaitingEvent) {
  return { missing_blocks: missing.missingBlocks, wait_ms_max: waitMsMax };
}

import { context, type Span, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api';
import { toSkeinError } from '@skein/protocol';
import type {
  GenerationWatch,
  Instrumentation,
  WatchedGeneration,
} from '../client/instrumentation.js';
import type { GenerationEvent } from '../generate/generation-types.js';
import type { RouteHop } from '../routing/snapshot.js';
import type { RerouteEvent } from '../session/session-types.js';

/**
 * Spans for each generation, and below it one for each hop for as long as the route leads over it.
 * Without an SDK of OpenTelemetry in the process they cost next to nothing, and go nowhere.
 * Prompts and tokens are not in them.
 */
export function traceGenerations(
  tracer: Tracer = trace.getTracer('@skein/client'),
): Instrumentation {
  return { watchGeneration: (generation) => new GenerationTrace(tracer, generation) };
}

class GenerationTrace implements GenerationWatch {
  readonly #tracer: Tracer;
  readonly #generation: WatchedGeneration;
  readonly #span: Span;
  readonly #hops = new Map<string, { readonly span: Span; readonly stepsBefore: number }>();

  constructor(tracer: Tracer, generation: WatchedGeneration) {
    this.#tracer = tracer;
    this.#generation = generation;
    this.#span = tracer.startSpan('skein.generate', {
      attributes: {
        'gen_ai.request.model': generation.model,
        'gen_ai.usage.input_tokens': generation.promptTokens,
      },
    });
    // A session that goes on has its route already, and tells of changes only.
    this.#follow(generation.route());
  }

  onEvent(event: GenerationEvent): void {
    if (event.type === 'route') this.#follow(event.hops);
    if (event.type === 'reroute') this.#span.addEvent('skein.reroute', describeReroute(event));
    if (event.type !== 'end') return;
    this.#span.setAttributes({
      'gen_ai.response.finish_reasons': [event.reason],
      'gen_ai.usage.output_tokens': event.tokens,
      ...(event.firstTokenMs !== null && { 'skein.first_token_ms': event.firstTokenMs }),
    });
  }

  onEnd(error: unknown): void {
    for (const id of [...this.#hops.keys()]) this.#endHop(id);
    if (error !== null) {
      const { code, message } = toSkeinError(error);
      this.#span.setAttribute('error.type', code);
      this.#span.setStatus({ code: SpanStatusCode.ERROR, message });
    }
    this.#span.end();
  }

  /** The route is another one now: hops that are left end, new ones begin. */
  #follow(hops: readonly RouteHop[]): void {
    const current = new Map(hops.map((hop) => [keyOf(hop), hop]));
    for (const id of [...this.#hops.keys()]) if (!current.has(id)) this.#endHop(id);
    const parent = trace.setSpan(context.active(), this.#span);
    for (const [id, hop] of current) {
      if (this.#hops.has(id)) continue;
      const attributes = {
        'skein.peer.id': hop.peer,
        'skein.peer.name': hop.name,
        'skein.span.start': hop.span.start,
        'skein.span.end': hop.span.end,
      };
      const span = this.#tracer.startSpan('skein.hop', { attributes }, parent);
      this.#hops.set(id, { span, stepsBefore: this.#usageOf(id)?.steps ?? 0 });
    }
  }

  #endHop(id: string): void {
    const hop = this.#hops.get(id);
    this.#hops.delete(id);
    if (hop === undefined) return;
    const { span, stepsBefore } = hop;
    const usage = this.#usageOf(id);
    if (usage !== undefined) {
      span.setAttributes({
        'skein.steps': usage.steps - stepsBefore,
        ...(usage.queueMs !== null && { 'skein.step.queue_ms': usage.queueMs }),
        ...(usage.computeMs !== null && { 'skein.step.compute_ms': usage.computeMs }),
        ...(usage.roundTripMs !== null && { 'skein.round_trip_ms': usage.roundTripMs }),
      });
    }
    span.end();
  }

  /** Of the whole session so far. */
  #usageOf(id: string) {
    const peer = id.split(' ')[0];
    return this.#generation.usage().find((report) => report.peer === peer);
  }
}

function keyOf({ peer, span }: RouteHop): string {
  return `${peer} ${span.start}:${span.end}`;
}

function describeReroute(event: RerouteEvent) {
  const { kind, reason, lostPeer, span, detectionMs, recoveryMs, rebuiltTokens } = event;
  return {
    'skein.reroute.kind': kind,
    'skein.reroute.reason': reason,
    'skein.peer.id': lostPeer,
    'skein.span.start': span.start,
    'skein.span.end': span.end,
    'skein.detection_ms': detectionMs,
    'skein.recovery_ms': recoveryMs,
    'skein.rebuilt_tokens': rebuiltTokens,
  };
}

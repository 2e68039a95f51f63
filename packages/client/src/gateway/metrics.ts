import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const modelLabels = ['model', 'target', 'endpoint'] as const;

/** Buckets in seconds: from a cached prompt on a near swarm to a long one on a slow swarm. */
const secondBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** What gauges read when they are looked at. */
export interface MetricSources {
  readonly running: () => number;
  readonly waiting: () => number;
  readonly keptSessions: () => number;
  readonly keptTokens: () => number;
}

/**
 * What the gateway counts, in a registry of its own. Labels come from models that exist: callers
 * cannot make new ones.
 */
export class GatewayMetrics {
  readonly registry = new Registry();
  readonly requests = this.#counter('requests_total', 'Requests that were admitted.', modelLabels);
  readonly cachedResponses = this.#counter(
    'cached_responses_total',
    'Requests that were answered from the response cache.',
    modelLabels,
  );
  readonly answers = this.#counter('answers_total', 'Answers by HTTP status.', ['status'] as const);
  readonly refusals = this.#counter('refusals_total', 'Requests over a quota.', [
    'reason',
  ] as const);
  readonly tokens = this.#counter('tokens_total', 'Tokens: computed prompt, cached, completion.', [
    ...modelLabels,
    'kind',
  ] as const);
  readonly reroutes = this.#counter('reroutes_total', 'Failures that were mended.', modelLabels);
  readonly firstTokenSeconds = this.#histogram(
    'first_token_seconds',
    'From the request to its first token, waiting included.',
  );
  readonly requestSeconds = this.#histogram('request_seconds', 'From the request to its end.');

  constructor(sources: MetricSources) {
    this.#gauge('running_generations', 'Generations that run now.', sources.running);
    this.#gauge('waiting_generations', 'Generations that wait for a place.', sources.waiting);
    this.#gauge('kept_sessions', 'Idle sessions kept for their prefix.', sources.keptSessions);
    this.#gauge('kept_tokens', 'Tokens that kept sessions hold.', sources.keptTokens);
  }

  #counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Counter<Label> {
    const registers = [this.registry];
    return new Counter({ name: `skein_gateway_${name}`, help, labelNames, registers });
  }

  #histogram(name: string, help: string): Histogram<(typeof modelLabels)[number]> {
    return new Histogram({
      name: `skein_gateway_${name}`,
      help,
      labelNames: modelLabels,
      buckets: secondBuckets,
      registers: [this.registry],
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `skein_gateway_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}

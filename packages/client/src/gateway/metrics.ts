import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const modelLabels = ['model', 'target', 'endpoint'] as const;
type ModelLabel = (typeof modelLabels)[number];

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
 * What the gateway counts. Labels come from models that exist: callers cannot make new ones. Several
 * gateways of one process need a registry each.
 */
export class GatewayMetrics {
  readonly registry: Registry;
  readonly requests: Counter<ModelLabel>;
  readonly cachedResponses: Counter<ModelLabel>;
  readonly answers: Counter<'status'>;
  readonly refusals: Counter<'reason'>;
  readonly tokens: Counter<ModelLabel | 'kind'>;
  readonly reroutes: Counter<ModelLabel>;
  readonly firstTokenSeconds: Histogram<ModelLabel>;
  readonly requestSeconds: Histogram<ModelLabel>;

  constructor(sources: MetricSources, registry: Registry = new Registry()) {
    this.registry = registry;
    this.requests = this.#counter('requests_total', 'Requests that were admitted.', modelLabels);
    this.cachedResponses = this.#counter(
      'cached_responses_total',
      'Requests that were answered from the response cache.',
      modelLabels,
    );
    this.answers = this.#counter('answers_total', 'Answers by HTTP status.', ['status'] as const);
    this.refusals = this.#counter('refusals_total', 'Requests over a quota.', ['reason'] as const);
    this.tokens = this.#counter('tokens_total', 'Tokens: computed prompt, cached, completion.', [
      ...modelLabels,
      'kind',
    ] as const);
    this.reroutes = this.#counter('reroutes_total', 'Failures that were mended.', modelLabels);
    this.firstTokenSeconds = this.#histogram(
      'first_token_seconds',
      'From the request to its first token, waiting included.',
    );
    this.requestSeconds = this.#histogram('request_seconds', 'From the request to its end.');
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

  #histogram(name: string, help: string): Histogram<ModelLabel> {
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

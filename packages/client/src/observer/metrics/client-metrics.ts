import { Counter, Histogram, type Registry } from 'prom-client';
import type {
  GenerationWatch,
  Instrumentation,
  WatchedGeneration,
} from '../../client/instrumentation.js';
import type { GenerationEvent } from '../../generate/generation-types.js';

/** Models that have a label of their own; a swarm has a handful. */
const modelLabelsMax = 64;
/** Seconds: from a small model near by to a long prompt far away. */
const secondBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * What a client's generations took: pass it to `createClient` as `instrumentation`. Labels are models
 * of the swarm, and codes of errors.
 */
export class ClientMetrics implements Instrumentation {
  readonly #registry: Registry;
  readonly #models = new Set<string>();
  readonly #generations: Counter<'model' | 'end'>;
  readonly #tokens: Counter<'model' | 'kind'>;
  readonly #reroutes: Counter<'model' | 'kind' | 'reason'>;
  readonly #bans: Counter;
  readonly #firstToken: Histogram<'model'>;
  readonly #recovery: Histogram<'model'>;
  readonly #step: Histogram<'phase'>;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#generations = this.#counter('generations', 'Generations by how they ended.', [
      'model',
      'end',
    ]);
    this.#tokens = this.#counter('tokens', 'Tokens of prompts, and generated ones.', [
      'model',
      'kind',
    ]);
    this.#reroutes = this.#counter('reroutes', 'Changes of a route that was in use.', [
      'model',
      'kind',
      'reason',
    ]);
    this.#bans = this.#counter('bans', 'Times that a peer was avoided for its failure.', []);
    this.#firstToken = this.#histogram(
      'first_token',
      'From the request to its first token, opening the route included.',
      ['model'],
    );
    this.#recovery = this.#histogram(
      'recovery',
      'From the notice of a failure until tokens went on.',
      ['model'],
    );
    this.#step = this.#histogram(
      'step',
      'Single-token steps over whole routes: sums over the hops, and the rest, which is the wire.',
      ['phase'],
    );
  }

  watchGeneration({ model: name, promptTokens }: WatchedGeneration): GenerationWatch {
    const model = this.#labelOf(name);
    this.#tokens.inc({ model, kind: 'prompt' }, promptTokens);
    let end = 'left';
    return {
      onEvent: (event) => {
        if (event.type === 'end') end = event.reason;
        this.#count(model, event);
      },
      onEnd: (error) => {
        this.#generations.inc({ model, end: error === null ? end : 'failed' });
      },
    };
  }

  onStep({ elapsedMs, queueMs, computeMs }: Parameters<NonNullable<Instrumentation['onStep']>>[0]) {
    this.#step.observe({ phase: 'queue' }, queueMs / 1000);
    this.#step.observe({ phase: 'compute' }, computeMs / 1000);
    this.#step.observe({ phase: 'wire' }, Math.max(0, elapsedMs - queueMs - computeMs) / 1000);
  }

  onBan(): void {
    this.#bans.inc();
  }

  #count(model: string, event: GenerationEvent): void {
    if (event.type === 'token') this.#tokens.inc({ model, kind: 'generated' });
    if (event.type === 'end' && event.firstTokenMs !== null) {
      this.#firstToken.observe({ model }, event.firstTokenMs / 1000);
    }
    if (event.type === 'reroute') {
      const { kind, reason, recoveryMs } = event;
      this.#reroutes.inc({ model, kind, reason });
      if (kind !== 'improved') this.#recovery.observe({ model }, recoveryMs / 1000);
    }
  }

  /** A swarm that announces names without end does not fill the registry. */
  #labelOf(model: string): string {
    if (!this.#models.has(model) && this.#models.size >= modelLabelsMax) return 'other';
    this.#models.add(model);
    return model;
  }

  #counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Counter<Label> {
    const registers = [this.#registry];
    return new Counter({ name: `skein_client_${name}_total`, help, labelNames, registers });
  }

  #histogram<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
  ): Histogram<Label> {
    return new Histogram({
      name: `skein_client_${name}_seconds`,
      help,
      labelNames,
      buckets: secondBuckets,
      registers: [this.#registry],
    });
  }
}

import { createHash } from 'node:crypto';
import type { ModelHash, TokenId } from '@skein/protocol';
import type { Clock } from '../../clock.js';
import { gatewayLimits } from '../gateway-limits.js';
import type {
  Caller,
  ChoiceEvent,
  GenerationRequest,
  GenerationUsage,
} from './generation-request.js';

/** How much a {@link ResponseCache} keeps. */
export interface ResponseCacheLimits {
  readonly bytesMax: number;
  readonly ageMsMax: number;
}

/** A whole answer. */
export interface StoredResponse {
  readonly events: readonly ChoiceEvent[];
  readonly usage: GenerationUsage;
}

interface Entry extends StoredResponse {
  readonly bytes: number;
  readonly storedAtMs: number;
}

/** An event in memory, beside its text and alternatives: a rough figure, on the high side. */
const eventBytes = 128;
const alternativeBytes = 64;

/**
 * Keeps whole answers to requests that have only one: greedy ones, and those with a seed. The least
 * recently used go first.
 */
export class ResponseCache {
  readonly #clock: Clock;
  readonly #limits: ResponseCacheLimits;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  constructor(clock: Clock, limits: ResponseCacheLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): StoredResponse | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#delete(key, entry);
    if (this.#clock.now() - entry.storedAtMs > this.#limits.ageMsMax) return null;
    this.#add(key, entry);
    return entry;
  }

  set(key: string, response: StoredResponse): void {
    const bytes = response.events.reduce((sum, event) => sum + sizeOf(event), 0);
    if (bytes > this.#limits.bytesMax * gatewayLimits.responseShareMax) return;
    const known = this.#entries.get(key);
    if (known !== undefined) this.#delete(key, known);
    this.#add(key, { ...response, bytes, storedAtMs: this.#clock.now() });
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#limits.bytesMax) break;
      this.#delete(oldest, entry);
    }
  }

  #add(key: string, entry: Entry): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.bytes;
  }

  #delete(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }
}

/**
 * A key that two requests share only if they must have the same answer; null for a request whose
 * answer is drawn anew each time. Callers do not share: what others asked is not to be found out.
 */
export function responseKey(
  request: GenerationRequest,
  options: { model: ModelHash; caller: Caller; prompts: readonly (readonly TokenId[])[] },
): string | null {
  if (!isReproducible(request)) return null;
  const { model, caller, prompts } = options;
  const { logitBias, ...sampling } = request.sampling;
  const facts = [
    model,
    caller.key.name,
    prompts,
    request.choicesPerPrompt,
    Object.entries(sampling).sort(([a], [b]) => (a < b ? -1 : 1)),
    [...(logitBias ?? [])].sort(([a], [b]) => a - b),
    request.maxTokens,
    request.contextMax,
    request.stop,
    request.ignoreEos,
    request.topLogProbabilities,
    request.scoresPrompt,
    request.format.format,
    request.tools,
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('base64');
}

/** Whether the same request has to give the same answer. */
export function isReproducible({ sampling }: GenerationRequest): boolean {
  return sampling.seed !== undefined || sampling.temperature === 0;
}

function sizeOf(event: ChoiceEvent): number {
  const alternatives = event.type === 'token' ? event.alternatives.length : 0;
  const scored = event.type === 'token' ? (event.scoredPrompt ?? []) : [];
  const scoredBytes = scored.reduce(
    (sum, { topLogits = [] }) => sum + eventBytes + topLogits.length * alternativeBytes,
    0,
  );
  const calls = event.type === 'token' ? event.toolCalls : [];
  const callBytes = calls.reduce((sum, call) => sum + eventBytes + 2 * call.arguments.length, 0);
  return (
    eventBytes + 2 * event.text.length + alternatives * alternativeBytes + callBytes + scoredBytes
  );
}

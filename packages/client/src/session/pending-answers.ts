import { SkeinError, type ToClientMessage } from '@skein/protocol';
import type { Clock } from '../clock.js';
import { createDeferred, type Deferred } from './deferred.js';
import { scheduleFairly } from './fair-timer.js';

/** Messages that answer a question of the client's. */
export type AnswerType =
  | 'opened'
  | 'truncated'
  | 'linked'
  | 'replayed'
  | 'probed'
  | 'handed-over'
  | 'kv-imported'
  /** The last piece of an exported cache. */
  | 'kv'
  | 'closed';
export type Answer<Type extends AnswerType = AnswerType> = Extract<ToClientMessage, { type: Type }>;

/** How the answer to a question is recognised. */
export interface Expectation<Type extends AnswerType> {
  readonly type: Type;
  /** The epoch or probe number that the answer must carry; null for answers without one. */
  readonly tag: number | null;
  /** Null waits until the stream ends. */
  readonly timeoutMs: number | null;
}

interface Pending {
  readonly tag: number | null;
  readonly deferred: Deferred<Answer>;
  readonly cancelTimeout: () => void;
}

/** Questions on one stream that wait for their answers: at most one of each type. */
export class PendingAnswers {
  readonly #pending = new Map<AnswerType, Pending>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(type: AnswerType): boolean {
    return this.#pending.has(type);
  }

  /** Waits for an answer. An older question of the same type fails: nobody waits for it now. */
  expect<Type extends AnswerType>({
    type,
    tag,
    timeoutMs,
  }: Expectation<Type>): Promise<Answer<Type>> {
    this.reject(type, new SkeinError('aborted', `\`${type}\` is not waited for any more`));
    const deferred = createDeferred<Answer>();
    // An asker may have gone on to other things by the time this fails.
    deferred.promise.catch(() => {});
    const late = () =>
      this.reject(type, new SkeinError('timeout', `no \`${type}\` within ${timeoutMs} ms`));
    const cancelTimeout =
      timeoutMs === null ? () => {} : scheduleFairly(this.#clock, timeoutMs, late);
    this.#pending.set(type, { tag, deferred, cancelTimeout });
    return deferred.promise as Promise<Answer<Type>>;
  }

  /** Hands an answer to whoever waits for it. One of another epoch comes too late: dropped. */
  resolve(answer: Answer): void {
    const pending = this.#pending.get(answer.type);
    if (pending === undefined) return;
    if (pending.tag !== null && pending.tag !== tagOf(answer)) return;
    this.#take(answer.type)?.deferred.resolve(answer);
  }

  reject(type: AnswerType, error: SkeinError): void {
    this.#take(type)?.deferred.reject(error);
  }

  rejectAll(error: SkeinError): void {
    for (const type of [...this.#pending.keys()]) this.reject(type, error);
  }

  #take(type: AnswerType): Pending | undefined {
    const pending = this.#pending.get(type);
    this.#pending.delete(type);
    pending?.cancelTimeout();
    return pending;
  }
}

function tagOf(answer: Answer): number | null {
  if (answer.type === 'probed') return answer.probe;
  return 'epoch' in answer ? answer.epoch : null;
}

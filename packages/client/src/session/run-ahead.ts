import {
  type AheadMessage,
  type AheadSampling,
  limits,
  type Received,
  type ResultMessage,
  SkeinError,
  type TokenId,
} from '@skein/protocol';
import type { Hop } from './hop.js';
import { sessionLimits } from './session-limits.js';

/** How the peers of a route may go on without waiting for the client. */
export interface AheadRequest {
  /** The same object as long as the rules are the same. */
  readonly sampling: AheadSampling;
  /** No step is of use at this position or later. */
  readonly to: number;
}

/** What the next call wants of the route. */
export interface Continuation {
  readonly from: number;
  readonly to: number;
  readonly token: TokenId;
  readonly logits: 'none' | 'last' | 'all';
  readonly topK: number;
  readonly hasTargets: boolean;
}

/** A step that the hops began by themselves. */
interface BegunStep {
  readonly step: number;
  readonly position: number;
  readonly token: TokenId;
  readonly topK: number;
  /** When the result came that told of it. */
  readonly toldAtMs: number;
}

/** A result, and when it came. */
export interface Arrived {
  readonly received: Received<ResultMessage>;
  readonly atMs: number;
}

/**
 * Where the peers are that go on by themselves. The last hop draws tokens by the rules it was given,
 * and begins the next step with each; every token is drawn here once more, and what was begun with
 * another one is taken back. So a token does not wait for the client, and no peer can choose it.
 *
 * It sends nothing itself. All of it belongs to one epoch: {@link enter} forgets what was before.
 */
export class RunAhead {
  #epoch = -1;
  /** What the last hop was told in this epoch; null: nothing. */
  #told: { sampling: AheadSampling; to: number } | null = null;
  #reach = 0;
  #begun: BegunStep | null = null;
  /** Results of steps that the client did not ask for yet. */
  #early: Arrived[] = [];
  #disagreements = 0;
  /** The last hop does not reach the first one: by their peer ids. */
  readonly #brokenLoops = new Set<string>();

  /**
   * Looks at another epoch, if it is one.
   * @returns step numbers that hops may have used meanwhile, beyond those of the client
   */
  enter(epoch: number): number {
    if (epoch === this.#epoch) return 0;
    const mayHaveUsed = this.#told === null ? 0 : sessionLimits.aheadSteps + 1;
    this.#epoch = epoch;
    this.#told = null;
    this.#reach = 0;
    this.#begun = null;
    this.#early = [];
    return mayHaveUsed;
  }

  /** The longest context that the hops may hold by themselves, whatever they were told since. */
  get reach(): number {
    return this.#reach;
  }

  /** The step that the hops have begun beyond what the client gave them; null: none. */
  get begun(): BegunStep | null {
    return this.#begun;
  }

  /** Whether what the hops have begun is what the client wants. Else it has to be taken back. */
  agreesWith(wanted: Continuation): boolean {
    const begun = this.#begun;
    if (begun === null) return true;
    const { from, to, token, logits, topK, hasTargets } = wanted;
    const isAlike = logits === 'last' && topK === begun.topK && !hasTargets && to === from + 1;
    if (begun.position === from && isAlike && begun.token === token) return true;
    // The end of an answer is no disagreement: nobody had told the hops.
    if (isAlike && begun.position === from) this.#disagreements += 1;
    return false;
  }

  /**
   * What the last hop is to be told before a step; null: nothing.
   * @param request null: the hops are to wait
   */
  instruction(
    hops: readonly Hop[],
    request: AheadRequest | null,
    step: { readonly to: number; readonly epoch: number },
  ): AheadMessage | null {
    const { epoch } = step;
    const { aheadSteps, aheadDisagreementsMax } = sessionLimits;
    const isWanted =
      request !== null &&
      this.#disagreements < aheadDisagreementsMax &&
      !this.#brokenLoops.has(loopOf(hops));
    if (!isWanted) return this.halt(step.to, epoch);
    const to = Math.min(step.to + aheadSteps, request.to);
    const told = this.#told;
    const isNew = told?.sampling !== request.sampling;
    if (!isNew && (to <= told.to || told.to >= step.to + aheadSteps / 2)) return null;
    if (isNew && to <= step.to) return this.halt(step.to, epoch);
    this.#told = { sampling: request.sampling, to };
    this.#reach = Math.max(this.#reach, to);
    if (!isNew) return { type: 'ahead', epoch, to };
    const [first] = hops;
    const { peer, multiaddrs } = first as Hop;
    const isAlone = hops.length === 1;
    const plan = {
      sampling: request.sampling,
      first: isAlone ? null : { peer, multiaddrs: [...multiaddrs] },
    };
    return { type: 'ahead', epoch, to, plan };
  }

  /** What keeps the hops from going on beyond a position; null when they would not. */
  halt(position: number, epoch: number): AheadMessage | null {
    if (this.#told === null || this.#told.to <= position) return null;
    this.#told.to = 0;
    return { type: 'ahead', epoch, to: 0 };
  }

  /**
   * Takes note of a result that was due.
   * @param atMs when it came
   * @throws SkeinError `protocol-violation` when the hop went on unasked
   */
  note(message: ResultMessage, atMs: number, topK: number): void {
    this.#begun = null;
    const { step, position, next } = message;
    if (next === undefined) return;
    if (this.#told === null) throw violation(`it went on after step ${step}, unasked`);
    this.#begun = { step: step + 1, position, token: next as TokenId, topK, toldAtMs: atMs };
  }

  /**
   * A result came before it was asked for. One that belongs to nothing is late, and dropped.
   * @throws SkeinError `protocol-violation` when there are more than the hops were let go for, or when
   *   it is larger than a result that they may go on after
   */
  keep(arrived: Arrived): void {
    if (this.#begun === null) return;
    if (this.#early.length > sessionLimits.aheadSteps) throw violation('too far ahead');
    const { tensors } = arrived.received;
    const byteLength = tensors.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    if (byteLength > earlyBytesMax)
      throw violation(`${byteLength} bytes that nobody asked for yet`);
    this.#early.push(arrived);
  }

  /** The oldest result that was kept, for the step that is asked for now. */
  takeEarly(): Arrived | null {
    return this.#early.shift() ?? null;
  }

  /** The last hop did not reach the first one: this pair waits for the client from now on. */
  breakLoop(hops: readonly Hop[]): void {
    this.#brokenLoops.add(loopOf(hops));
  }
}

/** Ids and logits of the widest row that is drawn ahead from, and its normaliser. */
const earlyBytesMax = 8 * limits.topKMax + 4;

function loopOf(hops: readonly Hop[]): string {
  return `${hops.at(-1)?.peer} ${hops[0]?.peer}`;
}

function violation(text: string): SkeinError {
  return new SkeinError('protocol-violation', `unexpected result: ${text}`);
}

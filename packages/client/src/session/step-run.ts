import { type Received, type ResultMessage, SkeinError, type TokenId } from '@skein/protocol';
import { type RepeatedSteps, type StepCut, stepEndAfter } from './cut-steps.js';
import { createDeferred } from './deferred.js';
import type { Hop } from './hop.js';
import type { AheadRequest } from './run-ahead.js';

/** Tokens that are to pass some hops, and what is wanted at the other end. */
export interface RunRequest {
  /** The tokens `[from, to)`. */
  readonly from: number;
  readonly to: number;
  /** The hops that the steps pass; the last of them answers. */
  readonly hops: readonly Hop[];
  /** The hop whose stored outputs are the input; null when the client sends tokens. */
  readonly feeder: Hop | null;
  /** The block before which a replay ends; null lets the steps go on to the end of the model. */
  readonly until: number | null;
  readonly logits: 'none' | 'last' | 'all';
  readonly topK: number;
  /** How the hops may go on after the last step. Default: they wait. */
  readonly ahead?: AheadRequest | null;
  /** The token whose logit is wanted at a position. Default: none. */
  readonly targetAt?: ((position: number) => TokenId) | null;
  /** New tokens are cut into steps that end here. Default: by position. */
  readonly stepEnds?: readonly number[] | undefined;
  /** Called for each result in order. What it throws is the last hop's fault. */
  readonly onResult?: (received: Received<ResultMessage>, chunk: Chunk) => void;
}

/** The rows of one step. */
export interface Chunk {
  readonly position: number;
  readonly rows: number;
  /** The rows are steps of their own, sent together. */
  readonly rowByRow: boolean;
}

/** What bounds the next chunk. */
export interface ChunkWindow {
  readonly cut: StepCut;
  readonly stepsInFlightMax: number;
  /** The steps in which the tokens were computed first; null: any. */
  readonly again: RepeatedSteps | null;
}

interface SentStep extends Chunk {
  readonly step: number;
  readonly sentAtMs: number;
  /** The last hop sent it, and not the client. */
  readonly isBegun: boolean;
}

/** Where a run stands. It sends nothing itself. */
export class StepRun {
  readonly request: RunRequest;
  readonly done = createDeferred<void>();
  /** Number of the run's first step. */
  readonly firstStep: number;
  /** Ends here: at `request.to`, or sooner. */
  #to: number;
  #sentTo: number;
  #completedTo: number;
  #answers = 0;
  readonly #inFlight: SentStep[] = [];
  /** See {@link ChunkWindow}; only for tokens that were computed before. */
  readonly again: RepeatedSteps | null;

  constructor(request: RunRequest, options: { firstStep: number; again: RepeatedSteps | null }) {
    this.request = request;
    this.firstStep = options.firstStep;
    this.again = options.again;
    this.#to = request.to;
    this.#sentTo = request.from;
    this.#completedTo = request.from;
  }

  get isComplete(): boolean {
    return this.#completedTo === this.#to;
  }

  /** The oldest step without an answer. */
  get oldestStep(): number {
    return this.#inFlight[0]?.step ?? this.firstStep + this.#answers;
  }

  /** The oldest step without an answer was sent by the last hop. */
  get isOldestBegun(): boolean {
    return this.#inFlight[0]?.isBegun ?? false;
  }

  /** Rows that were sent and not answered; of a replay, all that may be on their way. */
  get rowsInFlight(): number {
    const sentTo = this.request.feeder === null ? this.#sentTo : this.request.to;
    return sentTo - this.#completedTo;
  }

  /** The chunk to be sent next; null when enough are in flight, or all were sent. */
  nextChunk(window: ChunkWindow): Chunk | null {
    const position = this.#sentTo;
    const { end, rowByRow } = window.again?.(position) ?? { end: this.#to, rowByRow: false };
    // The last one may have to give logits, which steps that are joined do not.
    const endMax = rowByRow
      ? Math.max(this.#to - 1, position + 1)
      : Math.min(this.#to, stepEndAfter(position, window.cut));
    const rows = Math.min(end, endMax) - position;
    if (rows <= 0 || this.#inFlight.length >= window.stepsInFlightMax) return null;
    return { position, rows, rowByRow: rowByRow && rows > 1 };
  }

  /** Sends no more than was sent already. */
  endEarly(): void {
    this.#to = this.#sentTo;
  }

  noteSent(step: SentStep): void {
    this.#inFlight.push(step);
    this.#sentTo = step.position + step.rows;
  }

  /**
   * Checks that a result is the one that is due.
   * @returns the step that it answers; of a replayed step the time of sending is not known
   * @throws SkeinError `protocol-violation`
   */
  accept(message: ResultMessage): Chunk & { readonly sentAtMs: number | null } {
    if (this.request.feeder !== null) return this.#acceptReplayed(message);
    const sent = this.#inFlight.shift();
    if (sent === undefined || sent.step !== message.step) {
      throw violation(`step ${message.step} instead of ${sent?.step ?? 'none'}`);
    }
    const end = sent.position + sent.rows;
    if (message.position !== end) throw violation(`length ${message.position} instead of ${end}`);
    this.#completedTo = end;
    return sent;
  }

  /** The feeder cut the steps: only their order and end are known. */
  #acceptReplayed(message: ResultMessage): Chunk & { readonly sentAtMs: null } {
    const expected = this.firstStep + this.#answers;
    const { position, step } = message;
    if (step !== expected) throw violation(`step ${step} instead of ${expected}`);
    if (position <= this.#completedTo || position > this.request.to) {
      throw violation(`length ${position} after ${this.#completedTo} of ${this.request.to}`);
    }
    const rows = position - this.#completedTo;
    const chunk = { position: this.#completedTo, rows, rowByRow: false };
    this.#answers += 1;
    this.#completedTo = position;
    return { ...chunk, sentAtMs: null };
  }
}

function violation(text: string): SkeinError {
  return new SkeinError('protocol-violation', `unexpected result: ${text}`);
}

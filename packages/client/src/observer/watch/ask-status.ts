import {
  type PeerId,
  type SkeinError,
  type StatusMessage,
  type StatusRequest,
  statusAnswerSchema,
  statusProtocol,
  toSkeinError,
} from '@skein/protocol';
import type { Clock } from '../../clock.js';
import type { Remote, SkeinNode } from '../../network/contracts.js';
import { isUnknownQuestion, QuestionLines } from '../../network/question-lines.js';
import { observerLimits } from '../observer-limits.js';

/** What came of a question. */
export type StatusAnswer =
  | { readonly kind: 'status'; readonly status: StatusMessage; readonly roundTripMs: number }
  /** It is there, but does not know the question, or is not ready to answer. */
  | { readonly kind: 'reached'; readonly reason: string }
  /** It did not answer in time, or its connection ended. */
  | { readonly kind: 'silent'; readonly error: SkeinError };

/** Asks peers how they are, each over one stream that stays open. */
export class StatusAsker {
  readonly #lines: QuestionLines<StatusRequest, StatusMessage>;

  constructor(node: SkeinNode, clock: Clock) {
    const { answerMs, dialMs } = observerLimits;
    const kind = { protocol: statusProtocol, schema: statusAnswerSchema, dialMs, answerMs };
    this.#lines = new QuestionLines(kind, { node, clock });
  }

  hasLine(peer: PeerId): boolean {
    return this.#lines.has(peer);
  }

  /** Asks once. At most one question at a time for each peer. */
  async ask(remote: Remote, { signal }: { signal: AbortSignal }): Promise<StatusAnswer> {
    try {
      const request: StatusRequest = { type: 'status-request' };
      const { answer, roundTripMs } = await this.#lines.ask(remote, request, { signal });
      return { kind: 'status', status: answer, roundTripMs };
    } catch (thrown) {
      const error = toSkeinError(thrown);
      if (error.code === 'busy') return { kind: 'reached', reason: error.message };
      if (isUnknownQuestion(error)) {
        return { kind: 'reached', reason: 'its version does not tell how it is' };
      }
      return { kind: 'silent', error };
    }
  }

  /** Ends the stream to a peer. */
  hangUp(peer: PeerId): void {
    this.#lines.hangUp(peer);
  }

  /** Ends all streams. */
  stop(): void {
    this.#lines.stop();
  }
}

import {
  errorMessageToError,
  type PeerId,
  SkeinError,
  type StatusMessage,
  type StatusRequest,
  statusAnswerSchema,
  statusProtocol,
  toSkeinError,
} from '@skein/protocol';
import type { Clock } from '../../clock.js';
import type { Remote, SkeinNode } from '../../network/contracts.js';
import type { MessageChannel } from '../../network/message-channel.js';
import { observerLimits } from '../observer-limits.js';

/** What came of a question. */
export type StatusAnswer =
  | { readonly kind: 'status'; readonly status: StatusMessage; readonly roundTripMs: number }
  /** It is there, but does not know the question, or is not ready to answer. */
  | { readonly kind: 'reached'; readonly reason: string }
  /** It did not answer in time, or its connection ended. */
  | { readonly kind: 'silent'; readonly error: SkeinError };

interface Line {
  readonly channel: MessageChannel<StatusRequest>;
  /** Whoever waits for the next message; one at a time. */
  waiting: ((outcome: StatusMessage | SkeinError) => void) | null;
}

/** Asks peers how they are, each over one stream that stays open. */
export class StatusAsker {
  readonly #node: SkeinNode;
  readonly #clock: Clock;
  readonly #lines = new Map<PeerId, Line>();

  constructor(node: SkeinNode, clock: Clock) {
    this.#node = node;
    this.#clock = clock;
  }

  hasLine(peer: PeerId): boolean {
    return this.#lines.has(peer);
  }

  /** Asks once. At most one question at a time for each peer. */
  async ask(remote: Remote, { signal }: { signal: AbortSignal }): Promise<StatusAnswer> {
    const { answerMs, dialMs } = observerLimits;
    try {
      const line =
        this.#lines.get(remote.peer) ??
        (await this.#within(dialMs, signal, (limit) => this.#open(remote, limit)));
      const askedAtMs = this.#clock.now();
      const outcome = await this.#within(answerMs, signal, (limit) => this.#question(line, limit));
      if (!(outcome instanceof SkeinError)) {
        const roundTripMs = this.#clock.now() - askedAtMs;
        return { kind: 'status', status: outcome, roundTripMs };
      }
      this.hangUp(remote.peer);
      if (outcome.code === 'busy') return { kind: 'reached', reason: outcome.message };
      return { kind: 'silent', error: outcome };
    } catch (thrown) {
      this.hangUp(remote.peer);
      if (isUnknownQuestion(thrown)) {
        return { kind: 'reached', reason: 'its version does not tell how it is' };
      }
      return { kind: 'silent', error: toSkeinError(thrown, 'peer-unreachable') };
    }
  }

  /** Ends the stream to a peer. */
  hangUp(peer: PeerId): void {
    const line = this.#lines.get(peer);
    if (line === undefined) return;
    this.#lines.delete(peer);
    line.channel.close().catch(() => undefined);
  }

  /** Ends all streams. */
  stop(): void {
    for (const peer of [...this.#lines.keys()]) this.hangUp(peer);
  }

  async #within<Result>(
    timeMs: number,
    signal: AbortSignal,
    work: (limit: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const late = new AbortController();
    const cancel = this.#clock.schedule(timeMs, () => late.abort(lateError(timeMs)));
    try {
      return await work(AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  }

  async #open(remote: Remote, signal: AbortSignal): Promise<Line> {
    let line: Line | null = null;
    const settle = (outcome: StatusMessage | SkeinError) => {
      const { waiting } = line ?? {};
      if (line !== null) line.waiting = null;
      waiting?.(outcome);
    };
    const channel = await this.#node.openChannel<typeof statusAnswerSchema, StatusRequest>(
      remote,
      statusProtocol,
      statusAnswerSchema,
      () => ({
        onMessage: ({ message }) =>
          settle(message.type === 'status' ? message : errorMessageToError(message, remote.peer)),
        onClose: (error) => {
          if (this.#lines.get(remote.peer) === line) this.#lines.delete(remote.peer);
          settle(error ?? new SkeinError('stream-closed', 'the peer ended the stream'));
        },
      }),
      { signal },
    );
    line = { channel, waiting: null };
    this.#lines.set(remote.peer, line);
    return line;
  }

  #question(line: Line, signal: AbortSignal): Promise<StatusMessage | SkeinError> {
    return new Promise((resolve) => {
      const giveUp = () => {
        line.waiting = null;
        resolve(lateError(observerLimits.answerMs));
      };
      signal.addEventListener('abort', giveUp, { once: true });
      line.waiting = (outcome) => {
        signal.removeEventListener('abort', giveUp);
        resolve(outcome);
      };
      // What cannot be sent ends the channel, which tells.
      try {
        void line.channel.send({ type: 'status-request' });
      } catch (error) {
        line.waiting(toSkeinError(error, 'stream-closed'));
      }
    });
  }
}

function lateError(timeMs: number): SkeinError {
  return new SkeinError('timeout', `no answer in ${timeMs} ms`);
}

/** The node is there, and refused the protocol. */
function isUnknownQuestion(thrown: unknown): boolean {
  const cause = thrown instanceof SkeinError ? thrown.cause : thrown;
  return cause instanceof Error && cause.name === 'UnsupportedProtocolError';
}

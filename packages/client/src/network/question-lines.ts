import {
  type ErrorMessage,
  errorMessageToError,
  type PeerId,
  SkeinError,
  toSkeinError,
} from '@skein/protocol';
import type * as z from 'zod';
import type { Clock } from '../clock.js';
import type { Remote, SkeinNode } from './contracts.js';
import type { MessageChannel } from './message-channel.js';

/** What is asked, and how long to wait. */
export interface QuestionKind<Answer extends object> {
  readonly protocol: string;
  readonly schema: z.ZodType<Answer | ErrorMessage>;
  /** An answer in parts ends with one of which this is true. Default: there is one part. */
  isLast?(answer: Answer): boolean;
  /** For a stream to open, a connection included. */
  readonly dialMs: number;
  /** For the whole answer. */
  readonly answerMs: number;
}

/** Options of one question. */
interface QuestionOptions<Answer> {
  readonly signal: AbortSignal;
  /** Takes each part. What is still to come waits for its promise. */
  onPart?(answer: Answer): Promise<void>;
}

interface Waiting<Answer> {
  onAnswer(answer: Answer): Promise<void> | undefined;
  onEnd(error: SkeinError): void;
}

interface Line<Request extends object, Answer> {
  readonly channel: MessageChannel<Request>;
  /** Whoever waits for the answer; one at a time. */
  waiting: Waiting<Answer> | null;
}

/** Asks peers questions of one kind, each peer over one stream that stays open. */
export class QuestionLines<Request extends object, Answer extends object> {
  readonly #node: SkeinNode;
  readonly #clock: Clock;
  readonly #kind: QuestionKind<Answer>;
  readonly #lines = new Map<PeerId, Line<Request, Answer>>();

  constructor(kind: QuestionKind<Answer>, { node, clock }: { node: SkeinNode; clock: Clock }) {
    this.#kind = kind;
    this.#node = node;
    this.#clock = clock;
  }

  get size(): number {
    return this.#lines.size;
  }

  has(peer: PeerId): boolean {
    return this.#lines.has(peer);
  }

  /**
   * Asks once. At most one question at a time for each peer.
   *
   * @returns the last part, and the time from the question to it
   * @throws SkeinError that which the peer answered, or whatever kept it from answering; the line has ended
   */
  async ask(
    remote: Remote,
    request: Request,
    options: QuestionOptions<Answer>,
  ): Promise<{ readonly answer: Answer; readonly roundTripMs: number }> {
    const { dialMs, answerMs } = this.#kind;
    const { signal } = options;
    try {
      const line =
        this.#lines.get(remote.peer) ??
        (await this.#within(dialMs, signal, (limit) => this.#open(remote, limit)));
      const askedAtMs = this.#clock.now();
      const answer = await this.#within(answerMs, signal, (limit) =>
        this.#question(line, request, { ...options, signal: limit }),
      );
      return { answer, roundTripMs: this.#clock.now() - askedAtMs };
    } catch (thrown) {
      this.hangUp(remote.peer);
      throw toSkeinError(thrown, 'peer-unreachable');
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
    const error = new SkeinError('timeout', `no answer in ${timeMs} ms`);
    const cancel = this.#clock.schedule(timeMs, () => late.abort(error));
    try {
      return await work(AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  }

  async #open(remote: Remote, signal: AbortSignal): Promise<Line<Request, Answer>> {
    const { protocol, schema } = this.#kind;
    let line: Line<Request, Answer> | null = null;
    const end = (error: SkeinError) => {
      const { waiting } = line ?? {};
      if (line !== null) line.waiting = null;
      waiting?.onEnd(error);
    };
    const channel = await this.#node.openChannel<typeof schema, Request>(
      remote,
      protocol,
      schema,
      () => ({
        onMessage: ({ message }) => {
          if (isError(message)) return end(errorMessageToError(message, remote.peer));
          const { waiting } = line ?? {};
          if (waiting != null) return waiting.onAnswer(message);
          throw new SkeinError('protocol-violation', 'an answer to no question');
        },
        onClose: (error) => {
          if (this.#lines.get(remote.peer) === line) this.#lines.delete(remote.peer);
          end(error ?? new SkeinError('stream-closed', 'the peer ended the stream'));
        },
      }),
      { signal },
    );
    line = { channel, waiting: null };
    this.#lines.set(remote.peer, line);
    return line;
  }

  #question(
    line: Line<Request, Answer>,
    request: Request,
    { signal, onPart }: QuestionOptions<Answer>,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const giveUp = () => end(toSkeinError(signal.reason, 'aborted'));
      const end = (error: SkeinError) => {
        line.waiting = null;
        signal.removeEventListener('abort', giveUp);
        reject(error);
      };
      const onAnswer = (answer: Answer): Promise<void> | undefined => {
        if (this.#kind.isLast?.(answer) === false) return onPart?.(answer);
        line.waiting = null;
        signal.removeEventListener('abort', giveUp);
        if (onPart === undefined) {
          resolve(answer);
          return undefined;
        }
        return onPart(answer).then(() => resolve(answer), reject);
      };
      signal.addEventListener('abort', giveUp, { once: true });
      line.waiting = { onAnswer, onEnd: end };
      // What cannot be sent ends the channel, which tells.
      try {
        void line.channel.send(request);
      } catch (error) {
        end(toSkeinError(error, 'stream-closed'));
      }
    });
  }
}

/** The node is there, and does not know the question. */
export function isUnknownQuestion({ cause }: SkeinError): boolean {
  return cause instanceof Error && cause.name === 'UnsupportedProtocolError';
}

function isError(message: object): message is ErrorMessage {
  return 'type' in message && message.type === 'error';
}

import type { TokenId } from '@skein/protocol';
import { sessionModel } from '../client/session-model.js';
import type { LoadedModel } from '../model/model-store.js';
import type { SessionEnvironment, SessionOptions } from '../session/session-types.js';
import { SwarmSession } from '../session/swarm-session.js';
import { encodeScored } from './encode-scored.js';
import { scoreResult } from './score-result.js';
import { scoreTokens } from './score-tokens.js';
import type { Score, ScoreOptions } from './score-types.js';

/**
 * Scores texts one after the other on one session: what a text has in common with the one before it,
 * such as the question before each answer, is computed once.
 */
export class Scorer {
  readonly model: LoadedModel;
  readonly #session: SwarmSession;
  readonly #onClosed: () => void;

  /** Does no I/O: the route is opened with the first tokens. */
  constructor(
    environment: SessionEnvironment,
    model: LoadedModel,
    options: SessionOptions = {},
    onClosed: () => void = () => {},
  ) {
    this.model = model;
    this.#onClosed = onClosed;
    this.#session = new SwarmSession(environment, sessionModel(model), options);
  }

  /** Longest context that it can score. */
  get tokensMax(): number {
    return this.#session.tokensMax;
  }

  /**
   * Scores a text, or an answer to a prompt.
   * @throws SkeinError `bad-argument`, `context-exceeded`, `no-route`, `aborted`,
   *   `model-unsupported`
   */
  async score(options: ScoreOptions): Promise<Score> {
    const { tokens, textStart } = encodeScored(this.model, options);
    return await this.scoreFrom(tokens, textStart, options);
  }

  /** Scores the tokens from `textStart` on, given all before them. */
  async scoreFrom(
    tokens: readonly TokenId[],
    textStart: number,
    options: Pick<ScoreOptions, 'topLogits' | 'signal'>,
  ): Promise<Score> {
    const { topLogits = 0, signal } = options;
    const { scores, reusedTokens } = await scoreTokens(this.#session, tokens, {
      from: Math.max(1, textStart),
      topLogits,
      ...(signal !== undefined && { signal }),
    });
    return scoreResult(this.model, { tokens, textStart, scores, reusedTokens });
  }

  /** Ends the session on all hops within a second. Idempotent. */
  async close(): Promise<void> {
    await this.#session.close();
    this.#onClosed();
  }
}

import type { TokenId } from '@skein/protocol';

/** What the penalties count. `sample` only reads it. */
export interface PenaltyHistory {
  /** Tokens of prompt and generation: the repetition penalty looks at these. */
  readonly seen: ReadonlySet<TokenId>;
  /** How often each token was generated: presence and frequency penalties look at these. */
  readonly generatedCounts: ReadonlyMap<TokenId, number>;
}

/**
 * Counts tokens as they come, so that a penalty costs the same at the end of a long generation as
 * at its start.
 */
export class TokenHistory implements PenaltyHistory {
  readonly #seen: Set<TokenId>;
  readonly #generatedCounts = new Map<TokenId, number>();

  constructor(prompt: Iterable<TokenId> = []) {
    this.#seen = new Set(prompt);
  }

  get seen(): ReadonlySet<TokenId> {
    return this.#seen;
  }

  get generatedCounts(): ReadonlyMap<TokenId, number> {
    return this.#generatedCounts;
  }

  /** Takes note of a generated token. */
  addGenerated(token: TokenId): void {
    this.#seen.add(token);
    this.#generatedCounts.set(token, (this.#generatedCounts.get(token) ?? 0) + 1);
  }
}

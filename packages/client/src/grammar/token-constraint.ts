import { SkeinError, type TokenId } from '@skein/protocol';
import type { LoadedModel } from '../model/model-store.js';
import { type TokenMask, withTokens } from '../sampling/index.js';
import type { ReadingSet } from './readings.js';
import { compileFormat, type ResponseFormat } from './response-format.js';
import type { TokenGrammar } from './token-grammar.js';

/** Holds one answer to its format, token by token. */
export class TokenConstraint {
  /** Some token was left out only because the answer had to be completed in time. */
  isClosedEarly = false;
  readonly #grammar: TokenGrammar;
  readonly #model: LoadedModel;
  readonly #isFree: boolean;
  #read: ReadingSet;

  constructor(grammar: TokenGrammar, model: LoadedModel, { isFree }: { readonly isFree: boolean }) {
    this.#isFree = isFree;
    this.#grammar = grammar;
    this.#model = model;
    this.#read = grammar.start;
  }

  /** Nothing is missing from the answer if it ends here. */
  get isWhole(): boolean {
    return this.#isFree ? this.isFinished : this.isComplete;
  }

  /** The answer may end here. */
  get isComplete(): boolean {
    return this.#read.isComplete;
  }

  /** The answer has to end here. */
  get isFinished(): boolean {
    return this.isComplete && this.#grammar.mask(this.#read, null).count === 0;
  }

  /**
   * The tokens that may come next, an end token where the answer may end. As long as the answer can
   * be completed with the tokens that are left, this stays so.
   *
   * @param tokensLeft tokens of the answer that may still come, the next one included
   * @throws SkeinError `model-unsupported` when the vocabulary has no token that fits
   */
  allowed(tokensLeft: number): TokenMask {
    const all = this.#grammar.mask(this.#read, null);
    const inTime = this.#grammar.mask(this.#read, tokensLeft - 1);
    const canBeInTime = inTime.count > 0 || this.isComplete;
    if (!this.isComplete && canBeInTime && inTime.count < all.count) this.isClosedEarly = true;
    const mask = canBeInTime ? inTime : all;
    if (this.isComplete) return withTokens(mask, this.#model.manifest.config.eosTokenIds);
    if (mask.count > 0) return mask;
    const text = `no token of ${this.#model.manifest.name} goes on with the format of the answer`;
    throw new SkeinError('model-unsupported', text);
  }

  /** Takes note of a chosen token, which is no end token. */
  accept(token: TokenId): void {
    const read = this.#grammar.advance(this.#read, token);
    if (read === null) throw new SkeinError('internal', `token ${token} does not fit the format`);
    this.#read = read;
  }
}

/** A constraint for one answer; null where it may be anything. @throws see {@link compileFormat} */
export function createConstraint(
  model: LoadedModel,
  format: ResponseFormat | undefined,
): TokenConstraint | null {
  const grammar = format === undefined ? null : compileFormat(model, format);
  if (grammar === null) return null;
  const isFree = format?.type === 'grammar' && (format.isFree ?? false);
  return new TokenConstraint(grammar, model, { isFree });
}

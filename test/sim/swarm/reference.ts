import {
  logitsRow,
  resolveSamplingOptions,
  type SamplingSettings,
  sample,
  TokenHistory,
  uniformAt,
} from '@skein/client/sampling';
import type { TokenId } from '@skein/protocol';
import {
  type CachedToken,
  cacheToken,
  embed,
  expand,
  logitsOf,
  type SimModel,
} from './sim-model.js';

export type Sampling = Partial<Omit<SamplingSettings, 'seed'>> & { seed?: number };

/** The model on one machine, without a network: what every generation must be like. */
export class Reference {
  readonly #model: SimModel;
  readonly #cache: CachedToken[];
  readonly #tokens: TokenId[] = [];
  #logits: Float32Array | null = null;

  constructor(model: SimModel) {
    this.#model = model;
    this.#cache = [];
  }

  get tokens(): readonly TokenId[] {
    return this.#tokens;
  }

  append(token: TokenId): void {
    const position = this.#tokens.length;
    let row = embed(token);
    for (let block = 0; block < this.#model.config.blockCount; block += 1) {
      const cached = cacheToken(this.#cache[block], row, { block, position });
      this.#cache[block] = cached;
      row = expand(cached);
    }
    this.#tokens.push(token);
    this.#logits = logitsOf([row], 0, this.#model.config.vocabSize).logits;
  }

  /** The tokens that follow a prompt. */
  generate(prompt: readonly TokenId[], count: number, options: Sampling): TokenId[] {
    for (const token of prompt) this.append(token);
    const settings = resolveSamplingOptions(options);
    const history = new TokenHistory(this.#tokens);
    const generated: TokenId[] = [];
    while (generated.length < count) {
      const token = this.#next(settings, history);
      history.addGenerated(token);
      generated.push(token);
      this.append(token);
    }
    return generated;
  }

  #next(settings: SamplingSettings, history: TokenHistory): TokenId {
    const { vocabSize } = this.#model.config;
    const logits = this.#logits as Float32Array;
    const row = logitsRow(
      { rowCount: 1, width: vocabSize, ids: null, logits, logNormalisers: normaliser(logits) },
      { rowIndex: 0, vocabSize },
    );
    const random =
      settings.temperature === 0 ? 0 : uniformAt(settings.seed ?? 0, this.#tokens.length);
    const result = sample({ row, settings, history, random });
    if (result.kind !== 'token') throw new Error('a full row did not suffice');
    return result.token;
  }
}

function normaliser(logits: Float32Array): Float32Array {
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit);
  return Float32Array.of(Math.log(sum));
}

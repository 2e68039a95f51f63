import type { TokenId } from '@skein/protocol';
import type { GenerationUsage } from './generation-request.js';

/** Counts tokens while the choices of a request run. */
export class UsageCounter {
  readonly #prompts: readonly (readonly TokenId[])[];
  readonly #choicesPerPrompt: number;
  /** By prompt: the most that any of its choices reused; null before the first has begun. */
  readonly #reused: (number | null)[];
  #completionTokens = 0;

  constructor(prompts: readonly (readonly TokenId[])[], choicesPerPrompt: number) {
    this.#prompts = prompts;
    this.#choicesPerPrompt = choicesPerPrompt;
    this.#reused = prompts.map(() => null);
  }

  /** A choice begins, and so many tokens of its prompt are computed already. */
  noteStart(choice: number, reusedTokens: number): void {
    const prompt = Math.floor(choice / this.#choicesPerPrompt);
    this.#reused[prompt] = Math.max(this.#reused[prompt] ?? 0, reusedTokens);
  }

  noteToken(): void {
    this.#completionTokens += 1;
  }

  /** A prompt counts once, from when the first of its choices has begun. */
  sum(): GenerationUsage {
    let promptTokens = 0;
    let cachedTokens = 0;
    for (const [index, reused] of this.#reused.entries()) {
      if (reused === null) continue;
      promptTokens += this.#prompts[index]?.length ?? 0;
      cachedTokens += reused;
    }
    return { promptTokens, cachedTokens, completionTokens: this.#completionTokens };
  }
}

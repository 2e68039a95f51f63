import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A tiny random model with what Hugging Face transformers computed for it. */
export interface GoldenModel {
  /** The model's folder. */
  readonly path: string;
  readonly prompt: readonly number[];
  /** Greedy tokens after the prompt. */
  readonly greedy: readonly number[];
}

/** Reads a golden model of `test/fixtures/golden`. */
export function goldenModel(name: string): GoldenModel {
  const path = fileURLToPath(new URL(`../fixtures/golden/${name}`, import.meta.url));
  const golden = JSON.parse(readFileSync(join(path, 'golden.json'), 'utf8')) as {
    prompt: number[];
    greedy: number[];
  };
  return { path, prompt: golden.prompt, greedy: golden.greedy };
}

import { readFileSync } from 'node:fs';

/** Made by scripts/fixtures/make-tokenizers.py; see the README next to them. */
const folder = new URL('../../../../test/fixtures/tokenizers/', import.meta.url);

export const tokenizerNames = [
  'gpt2-bpe',
  'llama2-spm',
  'llama3-bpe',
  'mistral-metaspace',
  'qwen2-bpe',
] as const;

export interface TokenizerCases {
  readonly texts: readonly {
    readonly text: string;
    readonly ids: number[];
    readonly idsWithSpecialTokens: number[];
    readonly decoded: string;
    readonly decodedWithoutSpecialTokens: string;
  }[];
  readonly idSequences: readonly {
    readonly ids: number[];
    readonly decoded: string;
    readonly decodedWithoutSpecialTokens: string;
  }[];
}

export interface ChatTemplateFixture {
  readonly templates: readonly {
    readonly name: string;
    readonly bosToken: string;
    readonly eosToken: string;
    readonly template: string;
  }[];
  readonly cases: readonly {
    readonly template: string;
    readonly conversation: string;
    readonly addGenerationPrompt: boolean;
    readonly variables: Record<string, unknown>;
    readonly messages: { role: string }[];
    readonly rendered?: string;
    readonly error?: string;
  }[];
}

export function fixtureText(path: string): string {
  return readFileSync(new URL(path, folder), 'utf8');
}

export function fixtureJson<Content>(path: string): Content {
  return JSON.parse(fixtureText(path));
}

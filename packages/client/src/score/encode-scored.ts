import { SkeinError, type TokenId } from '@skein/protocol';
import { encodePrompt } from '../client/encode-prompt.js';
import type { PromptOptions } from '../generate/generation-types.js';
import type { LoadedModel } from '../model/model-store.js';
import type { ScoreInput } from './score-types.js';

/**
 * The context, and where the scored part begins.
 *
 * A prompt and a text are encoded together and cut after the prompt's tokens, since a tokenizer may
 * join their ends; white space at the end of a prompt goes to the text, which it mostly belongs to.
 */
export function encodeScored(
  model: LoadedModel,
  input: ScoreInput,
): { tokens: readonly TokenId[]; textStart: number } {
  const { text, tokens, prompt, promptTokens, messages } = input;
  if ((text === undefined) === (tokens === undefined)) {
    throw new SkeinError('bad-argument', 'give one of text and tokens');
  }
  const given = [prompt, promptTokens, messages].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw new SkeinError('bad-argument', 'give one of prompt, promptTokens and messages, or none');
  }
  const scored = encode(model, input);
  if (scored.tokens.length > 0) return scored;
  throw new SkeinError('bad-argument', 'there is nothing to score: the text is empty');
}

interface EncodedText {
  readonly tokens: readonly TokenId[];
  readonly textStart: number;
}

function encode(model: LoadedModel, input: ScoreInput): EncodedText {
  const { text = '', tokens, prompt } = input;
  const options = promptOf(input);
  if (Object.keys(options).length === 0) {
    return { tokens: tokens ?? encodeText(model, text), textStart: 0 };
  }
  if (prompt !== undefined && tokens === undefined) return encodeTogether(model, prompt, text);
  const before = encodePrompt(model, options, { isContinuation: false }).tokens;
  const after = tokens ?? encodePrompt(model, { prompt: text }, { isContinuation: true }).tokens;
  return { tokens: [...before, ...after], textStart: before.length };
}

function promptOf({ prompt, promptTokens, messages }: ScoreInput): PromptOptions {
  return {
    ...(prompt !== undefined && { prompt }),
    ...(promptTokens !== undefined && { promptTokens }),
    ...(messages !== undefined && { messages }),
  };
}

function encodeTogether(model: LoadedModel, prompt: string, text: string): EncodedText {
  const before = encodeText(model, prompt.trimEnd());
  const tokens = encodeText(model, prompt + text);
  return { tokens, textStart: Math.min(before.length, tokens.length) };
}

function encodeText(model: LoadedModel, prompt: string): readonly TokenId[] {
  return encodePrompt(model, { prompt }, { isContinuation: false }).tokens;
}

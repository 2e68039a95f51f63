import type {
  ChoiceEvent,
  ChoiceTokenEvent,
  TokenProbability,
} from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { answerCompletion, type ChoiceWriter } from './completion-answer.js';
import {
  type CompletionsBody,
  completionsSchema,
  completionToGeneration,
} from './completions-schema.js';
import { finite } from './generation-objects.js';
import type { TokenTexts } from './token-text.js';

/** `POST /v1/completions`. */
export async function handleCompletions(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  return await answerCompletion(context, services, {
    name: 'completions',
    schema: completionsSchema,
    idPrefix: 'cmpl-',
    object: 'text_completion',
    chunkObject: 'text_completion',
    toGeneration: completionToGeneration,
    writers: (generation, body, texts) =>
      echoesOf(generation, body).map((echo, index) => new TextChoice(index, echo, body, texts)),
  });
}

/** Log-probabilities as this endpoint writes them: one list a fact. */
interface LogProbabilityLists {
  readonly tokens: string[];
  /** Null for the first token of a prompt, which follows nothing. */
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Record<string, number> | null)[] | null;
  readonly text_offset: number[];
}

/** One text that goes on from a prompt. */
class TextChoice implements ChoiceWriter {
  readonly #index: number;
  readonly #echo: string;
  readonly #alternatives: number | null;
  readonly #texts: TokenTexts;
  readonly #logprobs: LogProbabilityLists | null;
  #text = '';
  #reason: string | null = null;

  constructor(index: number, echo: string, body: CompletionsBody, texts: TokenTexts) {
    this.#index = index;
    this.#echo = echo;
    this.#texts = texts;
    this.#alternatives = body.logprobs ?? null;
    this.#logprobs = this.#alternatives === null ? null : emptyLists(this.#alternatives);
  }

  take(event: ChoiceEvent): object[] {
    const isFirst = this.#text === '' && this.#echo !== '';
    if (isFirst) this.#text = this.#echo;
    const logprobs = this.#log(event);
    this.#text += event.text;
    this.#reason = event.type === 'end' ? event.reason : null;
    const text = isFirst ? this.#echo + event.text : event.text;
    if (text === '' && logprobs === null && this.#reason === null) return [];
    return [{ index: this.#index, text, logprobs, finish_reason: this.#reason }];
  }

  whole(): object {
    return {
      index: this.#index,
      text: this.#text,
      logprobs: this.#logprobs,
      finish_reason: this.#reason,
    };
  }

  #log(event: ChoiceEvent): LogProbabilityLists | null {
    if (event.type !== 'token' || this.#logprobs === null) return null;
    const lists = emptyLists(this.#alternatives ?? 0);
    for (const target of [lists, this.#logprobs]) {
      if (event.scoredPrompt !== undefined) addPrompt(target, event.scoredPrompt, this.#texts);
      addTo(target, event, this.#texts, this.#text.length);
    }
    return lists;
  }
}

/** The text that is put before each choice. */
function echoesOf({ model, prompts }: Generation, body: CompletionsBody): string[] {
  const { prompt } = body;
  const given = Array.isArray(prompt) && !prompt.every((part) => typeof part === 'number');
  return prompts.flatMap((tokens, index) => {
    const source = given ? (prompt as readonly unknown[])[index] : prompt;
    const text = typeof source === 'string' ? source : (model.tokenizer?.decode(tokens) ?? '');
    return Array<string>(body.n ?? 1).fill(body.echo === true ? text : '');
  });
}

function emptyLists(alternatives: number): LogProbabilityLists {
  const top_logprobs = alternatives === 0 ? null : [];
  return { tokens: [], token_logprobs: [], top_logprobs, text_offset: [] };
}

/** The prompt's tokens, which stand at the beginning of the text. */
function addPrompt(
  lists: LogProbabilityLists,
  scored: NonNullable<ChoiceTokenEvent['scoredPrompt']>,
  texts: TokenTexts,
): void {
  let offset = 0;
  for (const { id, text, logProbability, topLogits = [] } of scored) {
    lists.tokens.push(texts.textOf(id));
    lists.token_logprobs.push(logProbability === null ? null : finite(logProbability));
    lists.text_offset.push(offset);
    lists.top_logprobs?.push(logProbability === null ? null : byText(topLogits, texts));
    offset += text.length;
  }
}

/** Likely tokens by their texts. */
function byText(tokens: readonly TokenProbability[], texts: TokenTexts): Record<string, number> {
  return Object.fromEntries(
    tokens.map(({ id, logProbability }) => [texts.textOf(id), finite(logProbability)]),
  );
}

function addTo(
  lists: LogProbabilityLists,
  event: ChoiceTokenEvent,
  texts: TokenTexts,
  offset: number,
): void {
  lists.tokens.push(texts.textOf(event.id));
  lists.token_logprobs.push(finite(event.logProbability));
  lists.text_offset.push(offset);
  lists.top_logprobs?.push(byText(event.alternatives, texts));
}

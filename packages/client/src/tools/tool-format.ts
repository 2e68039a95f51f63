import { type ResponseFormat, rulesOfFormat } from '../grammar/index.js';
import type { LoadedModel } from '../model/model-store.js';
import { ToolCallReader } from './tool-call-reader.js';
import { toolGrammar } from './tool-grammar.js';
import { type ToolSyntax, toolSyntaxOf } from './tool-syntax.js';
import type { ToolOptions } from './tool-types.js';

/** How a model writes calls. @throws SkeinError `model-unsupported` */
export function toolSyntaxFor({ chatTemplate }: Pick<LoadedModel, 'chatTemplate'>): ToolSyntax {
  return toolSyntaxOf(chatTemplate ?? '');
}

/** Whether an answer has to begin with a call. */
export function isForcedCall({ tools = [], toolChoice = 'auto' }: ToolOptions): boolean {
  return tools.length > 0 && toolChoice !== 'auto';
}

/** Formats that are kept; the least recently used goes first. */
const formatsMax = 64;
const formats = new Map<string, ResponseFormat>();

/**
 * The format of answers that may hold calls; without tools, the format that is given.
 * @throws SkeinError `bad-argument`, `model-unsupported`
 */
export function toolFormat(
  model: Pick<LoadedModel, 'chatTemplate'>,
  options: ToolOptions & { readonly responseFormat?: ResponseFormat },
): ResponseFormat {
  const { tools = [], toolChoice = 'auto', parallelToolCalls = true } = options;
  const { responseFormat = { type: 'text' } } = options;
  if (tools.length === 0) return responseFormat;
  const syntax = toolSyntaxFor(model);
  const key = JSON.stringify([syntax.name, tools, toolChoice, parallelToolCalls, responseFormat]);
  const isKnowable = responseFormat.type !== 'grammar';
  const known = isKnowable ? formats.get(key) : undefined;
  if (known !== undefined) formats.delete(key);
  const answer = rulesOfFormat(responseFormat);
  const isParallel = parallelToolCalls;
  const format = known ?? {
    type: 'grammar',
    grammar: toolGrammar({ tools, choice: toolChoice, isParallel, syntax, answer }),
    markers: syntax.markers,
    isFree: answer === null && toolChoice === 'auto',
  };
  if (isKnowable) formats.set(key, format);
  for (const oldest of formats.keys()) if (formats.size > formatsMax) formats.delete(oldest);
  return format;
}

/** Reads an answer of a generation with these options: text and calls. */
export function createToolCallReader(
  model: Pick<LoadedModel, 'chatTemplate'>,
  options: ToolOptions,
): ToolCallReader {
  return new ToolCallReader(toolSyntaxFor(model), { isForced: isForcedCall(options) });
}

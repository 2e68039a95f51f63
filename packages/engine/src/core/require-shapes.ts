/**
 * Checks of what TypeScript promises but a caller in JavaScript may break: what is no object, no
 * list or no bytes must neither reach native code nor the pipe to it. Values are checked elsewhere.
 */
import { type KvChunk, limits, SkeinError, type StepItem } from '@skein/protocol';
import { isHiddenType } from './hidden-element-bytes.js';

/** Items of one step: each session of an engine at most once. */
const stepItemsMax = limits.sessionsPerPeerMax;

/** An id has 32; whatever is longer is not told to the engine's process. */
const sessionCharactersMax = 64;

/** @throws SkeinError `bad-argument`, `limit-exceeded` */
export function requireStepItems(items: unknown): asserts items is readonly StepItem[] {
  if (!Array.isArray(items)) throw refuse('A step is a list of items.');
  if (items.length > stepItemsMax) {
    throw new SkeinError('limit-exceeded', `A step has at most ${stepItemsMax} items.`);
  }
  for (const item of items as unknown[]) requireStepItem(item);
}

function requireStepItem(item: unknown): void {
  if (!isRecord(item) || !isRecord(item.input) || !isRecord(item.output)) {
    throw refuse('An item of a step has an input and an output.');
  }
  const { session, input, output } = item;
  if (typeof session !== 'string' || session.length > sessionCharactersMax) {
    throw refuse('An item of a step names its session.');
  }
  const isTokens = input.kind === 'tokens' && input.tokens instanceof Int32Array;
  const isHidden =
    input.kind === 'hidden' && isHiddenType(input.type) && input.bytes instanceof Uint8Array;
  if (!isTokens && !isHidden) {
    throw refuse('The input of an item is an Int32Array of tokens, or bytes of hidden rows.');
  }
  const isOutput =
    output.kind === 'none' ||
    (output.kind === 'hidden' && isHiddenType(output.type)) ||
    (output.kind === 'logits' && (output.rows === 'last' || output.rows === 'all'));
  const hasTargets = output.kind === 'logits' && output.targets !== undefined;
  if (hasTargets && !(output.targets instanceof Int32Array)) {
    throw refuse('The targets of an item are an Int32Array of tokens.');
  }
  if (!isOutput) throw refuse('The output of an item is none, hidden rows of a type, or logits.');
}

/** @throws SkeinError `bad-argument` */
export function requireChunk(chunk: unknown): asserts chunk is KvChunk {
  const isChunk =
    isRecord(chunk) && chunk.keys instanceof Uint8Array && chunk.values instanceof Uint8Array;
  if (!isChunk) throw refuse('A piece of a cache has keys and values, as bytes.');
}

/** @throws SkeinError `bad-argument` */
export function requireRecord(
  value: unknown,
  what: string,
): asserts value is Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw refuse(`${what} is no object.`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function refuse(message: string): SkeinError {
  return new SkeinError('bad-argument', message);
}

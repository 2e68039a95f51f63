/** Checks of one step item, before any of its numbers reach the engine. Its shape is right. Pure. */
import {
  type ErrorCode,
  limits,
  type ModelConfig,
  SkeinError,
  type StepItem,
} from '@skein/protocol';
import { hiddenElementBytes } from './hidden-element-bytes.js';
import type { SessionEntry } from './session-table.js';

/** @throws SkeinError `bad-argument`, `position-mismatch`, `context-exceeded`, `limit-exceeded` */
export function validateItem(item: StepItem, session: SessionEntry, config: ModelConfig): void {
  if (!Number.isInteger(item.rows) || item.rows < 1) {
    throw refuse('bad-argument', `a step needs at least one row, not ${item.rows}`, item);
  }
  if (item.rows > limits.stepRowsMax) {
    const message = `${item.rows} rows are more than ${limits.stepRowsMax}`;
    throw refuse('limit-exceeded', message, item);
  }
  validatePosition(item, session, config);
  validateInput(item, session, config);
  validateOutput(item, session, config);
}

/**
 * A session without blocks caches nothing, so its positions are the caller's own affair: the two
 * ends of one context are often two sessions here.
 */
function validatePosition(item: StepItem, session: SessionEntry, config: ModelConfig): void {
  const { position, rows } = item;
  if (!Number.isInteger(position) || position < 0) {
    throw refuse('bad-argument', `position ${position} is not a count of tokens`, item);
  }
  if (position + rows > config.contextLength) {
    const message = `tokens up to ${position + rows} exceed the context of ${config.contextLength}`;
    throw refuse('context-exceeded', message, item);
  }
  const hasBlocks = session.use.span.end > session.use.span.start;
  if (hasBlocks && position !== session.length) {
    const message = `the step starts at ${position}, but ${session.length} tokens are cached`;
    throw refuse('position-mismatch', message, item, { length: session.length });
  }
}

function validateInput(item: StepItem, session: SessionEntry, config: ModelConfig): void {
  const { input, rows } = item;
  const { span, ends } = session.use;
  if (input.kind === 'hidden') {
    const bytes = rows * config.hiddenSize * hiddenElementBytes[input.type];
    if (input.bytes.byteLength !== bytes) {
      const message = `${input.bytes.byteLength} bytes of ${input.type} are not ${rows} rows`;
      throw refuse('bad-argument', message, item);
    }
    return;
  }
  if (!ends.embedding || (span.start !== 0 && span.end > span.start)) {
    throw refuse('bad-argument', 'tokens need the embedding and the first block', item);
  }
  if (input.tokens.length !== rows) {
    throw refuse('bad-argument', `${input.tokens.length} tokens are not ${rows} rows`, item);
  }
  const unknown = input.tokens.find((token) => !(token >= 0 && token < config.vocabSize));
  if (unknown !== undefined) {
    const message = `token ${unknown} is outside the vocabulary of ${config.vocabSize}`;
    throw refuse('bad-argument', message, item);
  }
}

function validateOutput(item: StepItem, session: SessionEntry, config: ModelConfig): void {
  const { output } = item;
  if (output.kind !== 'logits') return;
  if (item.rowByRow === true) {
    throw refuse('bad-argument', 'rows one by one give no logits', item);
  }
  const { span, ends } = session.use;
  if (!ends.head || (span.end !== config.blockCount && span.end > span.start)) {
    throw refuse('bad-argument', 'logits need the head and the last block', item);
  }
  if (!Number.isInteger(output.topK) || output.topK < 0) {
    throw refuse('bad-argument', `${output.topK} is no number of candidates`, item);
  }
  const rowCount = output.rows === 'last' ? 1 : item.rows;
  const { targets } = output;
  if (targets !== undefined && targets.length !== rowCount) {
    throw refuse('bad-argument', `${targets.length} targets of ${rowCount} rows`, item);
  }
  const unknown = targets?.find((token) => !(token >= 0 && token < config.vocabSize));
  if (unknown !== undefined) {
    throw refuse('bad-argument', `target ${unknown} of a vocabulary of ${config.vocabSize}`, item);
  }
  const isTooLarge = outputBytesOf(item, config) > limits.bodyBytesMax;
  if (output.topK > limits.topKMax || isTooLarge) {
    const message = `${output.topK} candidates of ${item.rows} rows are too many (0 is all)`;
    throw refuse('limit-exceeded', message, item);
  }
}

/** Bytes of what an item gives back; not a number for one that is not valid. */
export function outputBytesOf({ rows, output }: StepItem, config: ModelConfig): number {
  if (output.kind === 'none') return 0;
  if (output.kind === 'hidden') {
    return rows * config.hiddenSize * hiddenElementBytes[output.type];
  }
  const rowCount = output.rows === 'last' ? 1 : rows;
  return rowCount * (output.topK === 0 ? 4 * config.vocabSize : 8 * output.topK);
}

function refuse(
  code: ErrorCode,
  message: string,
  { session, position, rows }: StepItem,
  details: Record<string, unknown> = {},
): SkeinError {
  return new SkeinError(code, `Session ${session}: ${message}.`, {
    details: { session, position, rows, ...details },
  });
}

import { float32View, int32View, type Logits, SkeinError, type Tensor } from '@skein/protocol';

/** What was asked of the last hop for one step. */
export interface LogitsExpectation {
  readonly rowCount: number;
  /** Candidates a row; 0 is the whole vocabulary. */
  readonly topK: number;
  readonly vocabSize: number;
  /** The logits of targets are due as well. Default: false. */
  readonly hasTargets?: boolean;
}

/**
 * Reads and checks the logits of a `result`: the right sizes, ids within the vocabulary, finite
 * numbers, candidates by descending logit. What lies is for spot checks to find.
 *
 * @throws SkeinError `bad-output`
 */
export function decodeLogits(tensors: readonly Tensor[], expected: LogitsExpectation): Logits {
  const isFull = expected.topK === 0 || expected.topK >= expected.vocabSize;
  const width = isFull ? expected.vocabSize : expected.topK;
  const parts = [...tensors];
  const targets = expected.hasTargets ? parts.pop() : null;
  const ids = isFull && parts.length === 2 ? null : parts.shift();
  const [values, normalisers] = parts;
  const cells = expected.rowCount * width;
  if (
    parts.length !== 2 ||
    !isVector(values, 'f32', cells) ||
    !isVector(normalisers, 'f32', expected.rowCount) ||
    (targets !== null && !isVector(targets, 'f32', expected.rowCount)) ||
    (ids !== null && !isVector(ids, 'i32', cells))
  ) {
    throw badOutput(`expected ${expected.rowCount} rows of ${width} logits`);
  }
  const logits: Logits = {
    rowCount: expected.rowCount,
    width,
    ids: ids === null ? null : int32View(ids.bytes),
    logits: float32View(values.bytes),
    logNormalisers: float32View(normalisers.bytes),
    ...(targets !== null && { targetLogits: float32View(targets.bytes) }),
  };
  checkNumbers(logits, expected.vocabSize);
  return logits;
}

/** Joins the logits of consecutive steps; all have the same width. */
export function joinLogits(parts: readonly Logits[]): Logits | null {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first ?? null;
  const rowCount = parts.reduce((sum, part) => sum + part.rowCount, 0);
  const { width } = first;
  const ids = first.ids === null ? null : new Int32Array(rowCount * width);
  const logits = new Float32Array(rowCount * width);
  const logNormalisers = new Float32Array(rowCount);
  const targetLogits = first.targetLogits === undefined ? null : new Float32Array(rowCount);
  let row = 0;
  for (const part of parts) {
    if (ids !== null && part.ids !== null) ids.set(part.ids, row * width);
    logits.set(part.logits, row * width);
    logNormalisers.set(part.logNormalisers, row);
    if (part.targetLogits !== undefined) targetLogits?.set(part.targetLogits, row);
    row += part.rowCount;
  }
  const joined = { rowCount, width, ids, logits, logNormalisers };
  return targetLogits === null ? joined : { ...joined, targetLogits };
}

function isVector(
  tensor: Tensor | undefined,
  type: Tensor['type'],
  elements: number,
): tensor is Tensor {
  return tensor?.type === type && tensor.bytes.byteLength === 4 * elements;
}

function checkNumbers(answer: Logits, vocabSize: number): void {
  const { width, ids, logits, logNormalisers, targetLogits = [] } = answer;
  for (let cell = 0; cell < logits.length; cell += 1) {
    const logit = logits[cell] as number;
    if (!Number.isFinite(logit)) throw badOutput('a logit is not a number');
    if (ids === null) continue;
    const id = ids[cell] as number;
    if (id < 0 || id >= vocabSize) throw badOutput(`token id ${id} of ${vocabSize}`);
    const isFirst = cell % width === 0;
    if (!isFirst && logit > (logits[cell - 1] as number)) throw badOutput('logits out of order');
  }
  for (const value of logNormalisers) {
    if (!Number.isFinite(value)) throw badOutput('a log-normaliser is not a number');
  }
  for (const [row, logit] of targetLogits.entries()) {
    // The best candidate is the first one; of a whole vocabulary it may be any.
    const isPossible = ids === null || logit <= (logits[row * width] as number);
    if (!Number.isFinite(logit) || !isPossible) throw badOutput('a target’s logit is impossible');
  }
}

function badOutput(reason: string): SkeinError {
  return new SkeinError('bad-output', `unusable logits from the last hop: ${reason}`);
}

import { byteLengthOf, type Tensor, type TensorType } from '@skein/protocol';

/** Outputs of consecutive positions, as they were sent. */
interface HistoryChunk {
  /** Number of the step that it was, or of the first of those that it was joined from. */
  readonly step: number;
  readonly position: number;
  readonly rows: number;
  /** The rows were steps of their own. */
  readonly rowByRow: boolean;
  readonly tensor: Tensor;
}

/** A stretch of outputs to be sent again. */
export type HistoryPiece = HistoryChunk;

/** Memory that all sessions' histories share. */
export class HistoryBudget {
  readonly #bytesMax: number;
  readonly #histories = new Set<OutputHistory>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  register(history: OutputHistory): void {
    this.#histories.add(history);
  }

  release(history: OutputHistory): void {
    this.#histories.delete(history);
  }

  /** Books a change; over the maximum the session with the largest history loses its oldest. */
  add(bytes: number): void {
    this.#bytes += bytes;
    while (this.#bytes > this.#bytesMax) {
      let largest: OutputHistory | undefined;
      for (const history of this.#histories) {
        if (history.bytes > (largest?.bytes ?? 0)) largest = history;
      }
      if (largest === undefined) return;
      largest.evictOldest();
    }
  }
}

/**
 * What a hop sent to its successor in one session, so that a lost successor's replacement can be
 * fed from here. Always an unbroken stretch of positions that ends at the session's length; the
 * oldest leave first.
 */
export class OutputHistory {
  readonly #budget: HistoryBudget;
  readonly #bytesMax: number;
  #chunks: HistoryChunk[] = [];
  /** Chunks before this index were evicted. */
  #first = 0;
  #start = 0;
  #end = 0;
  #bytes = 0;

  constructor(budget: HistoryBudget, bytesMax: number) {
    this.#budget = budget;
    this.#bytesMax = bytesMax;
    budget.register(this);
  }

  /** First position that can be replayed. */
  get start(): number {
    return this.#start;
  }

  /** One past the last position. */
  get end(): number {
    return this.#end;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends the outputs of the positions that follow the last ones. */
  append({ step, rows, rowByRow, tensor }: Omit<HistoryChunk, 'position'>): void {
    const position = this.#end;
    this.#chunks.push({ step, position, rows, rowByRow, tensor: detached(tensor) });
    this.#end += rows;
    this.#book(tensor.bytes.byteLength);
    while (this.#bytes > this.#bytesMax) this.evictOldest();
  }

  /** Starts over at a position whose outputs, and those before, are not known. */
  reset(position: number): void {
    this.#book(-this.#bytes);
    this.#chunks = [];
    this.#first = 0;
    this.#start = position;
    this.#end = position;
  }

  /** Forgets positions from `position` on. */
  truncate(position: number): void {
    if (position >= this.#end) return;
    if (position <= this.#start) {
      this.reset(position);
      return;
    }
    for (let last = this.#chunks.at(-1); last !== undefined; last = this.#chunks.at(-1)) {
      if (last.position + last.rows <= position) break;
      this.#chunks.pop();
      this.#book(-last.tensor.bytes.byteLength);
      if (last.position >= position) continue;
      const kept = cut(last, last.position, position);
      this.#chunks.push(kept);
      this.#book(kept.tensor.bytes.byteLength);
    }
    this.#end = position;
  }

  /**
   * The outputs for `[from, to)`, null when some are gone. The pieces are the steps in which they
   * were computed, so that a replacement computes exactly what was lost: numbers differ a little
   * between a step of many rows and as many steps of one. Single rows in a row become pieces of up
   * to `rowsJoinedMax`, to be computed row by row. More than `singlesMax` of them are joined to
   * chunks of up to `rowsMax` rows: then time counts for more.
   */
  pieces(range: {
    readonly from: number;
    readonly to: number;
    readonly singlesMax: number;
    readonly rowsJoinedMax: number;
    readonly rowsMax: number;
  }): HistoryPiece[] | null {
    const { from, to } = range;
    if (from < this.#start || to > this.#end || from > to) return null;
    const chunks: HistoryChunk[] = [];
    for (let index = this.#indexOf(from); index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as HistoryChunk;
      if (chunk.position >= to) break;
      const start = Math.max(chunk.position, from);
      const end = Math.min(chunk.position + chunk.rows, to);
      if (start < end) chunks.push(cut(chunk, start, end));
    }
    const singles = chunks.reduce((sum, chunk) => sum + (isByRow(chunk) ? chunk.rows : 0), 0);
    if (singles > range.singlesMax) return merged(chunks, range.rowsMax);
    return joinedSingles(chunks, range.rowsJoinedMax);
  }

  /** The outputs from a position on, up to the end of the step that it was in; null if gone. */
  pieceAt(position: number): HistoryPiece | null {
    if (position < this.#start || position >= this.#end) return null;
    const chunk = this.#chunks[this.#indexOf(position)] as HistoryChunk;
    return cut(chunk, position, chunk.position + chunk.rows);
  }

  /** Drops the oldest chunk. */
  evictOldest(): void {
    const oldest = this.#chunks[this.#first];
    if (oldest === undefined) return;
    this.#first += 1;
    this.#start = oldest.position + oldest.rows;
    this.#book(-oldest.tensor.bytes.byteLength);
    // Evicted chunks leave in bulk: shifting one by one would move the whole array each time.
    if (this.#first * 2 < this.#chunks.length) {
      this.#chunks[this.#first - 1] = evicted;
      return;
    }
    this.#chunks = this.#chunks.slice(this.#first);
    this.#first = 0;
  }

  /** Frees everything; the history is not used afterwards. */
  release(): void {
    this.reset(0);
    this.#budget.release(this);
  }

  #book(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.add(bytes);
  }

  /** Index of the chunk that holds a position, by bisection. */
  #indexOf(position: number): number {
    let low = this.#first;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle] as HistoryChunk).position <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

/** Stands where a chunk was, until the array is cut. */
const evicted: HistoryChunk = {
  step: 0,
  position: 0,
  rows: 0,
  rowByRow: false,
  tensor: { type: 'u8', shape: [0], bytes: new Uint8Array(0) },
};

/** Rows `[start, end)` (positions) of a chunk, sharing its memory. */
function cut(chunk: HistoryChunk, start: number, end: number): HistoryChunk {
  if (start === chunk.position && end === chunk.position + chunk.rows) return chunk;
  const { type, shape, bytes } = chunk.tensor;
  const rowBytes = bytes.byteLength / chunk.rows;
  const offset = (start - chunk.position) * rowBytes;
  const rows = end - start;
  return {
    step: chunk.step,
    position: start,
    rows,
    rowByRow: chunk.rowByRow,
    tensor: {
      type,
      shape: [rows, ...shape.slice(1)],
      bytes: bytes.subarray(offset, offset + rows * rowBytes),
    },
  };
}

/** Whether a chunk's rows were steps of their own. */
function isByRow({ rows, rowByRow }: HistoryChunk): boolean {
  return rows === 1 || rowByRow;
}

/** Consecutive chunks, those of single rows joined. */
function joinedSingles(chunks: readonly HistoryChunk[], rowsMax: number): HistoryPiece[] {
  const pieces: HistoryPiece[] = [];
  for (let index = 0; index < chunks.length; ) {
    const singles: HistoryChunk[] = [];
    let rows = 0;
    for (; index < chunks.length; index += 1) {
      const chunk = chunks[index] as HistoryChunk;
      if (!isByRow(chunk) || rows + chunk.rows > rowsMax) break;
      singles.push(chunk);
      rows += chunk.rows;
    }
    if (singles.length > 0) pieces.push({ ...join(singles), rowByRow: rows > 1 });
    else {
      pieces.push(chunks[index] as HistoryChunk);
      index += 1;
    }
  }
  return pieces;
}

/** Consecutive chunks in pieces of `rowsMax` rows; the last has what is left. */
function merged(chunks: readonly HistoryChunk[], rowsMax: number): HistoryPiece[] {
  const pieces: HistoryPiece[] = [];
  let pending: HistoryChunk[] = [];
  let pendingRows = 0;
  for (const chunk of chunks) {
    const chunkEnd = chunk.position + chunk.rows;
    for (let start = chunk.position; start < chunkEnd; ) {
      const end = Math.min(chunkEnd, start + rowsMax - pendingRows);
      pending.push(cut(chunk, start, end));
      pendingRows += end - start;
      start = end;
      if (pendingRows < rowsMax) continue;
      pieces.push(join(pending));
      pending = [];
      pendingRows = 0;
    }
  }
  if (pending.length > 0) pieces.push(join(pending));
  return pieces;
}

/** Consecutive chunks as one. */
function join(chunks: readonly HistoryChunk[]): HistoryChunk {
  const [first] = chunks as [HistoryChunk, ...HistoryChunk[]];
  if (chunks.length === 1) return first;
  const rows = chunks.reduce((sum, chunk) => sum + chunk.rows, 0);
  const type: TensorType = first.tensor.type;
  const shape = [rows, ...first.tensor.shape.slice(1)];
  const bytes = new Uint8Array(byteLengthOf(type, shape));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.tensor.bytes, offset);
    offset += chunk.tensor.bytes.byteLength;
  }
  const { step, position } = first;
  return { step, position, rows, rowByRow: false, tensor: { type, shape, bytes } };
}

/** A tensor that does not keep a much larger buffer alive. */
function detached(tensor: Tensor): Tensor {
  const { bytes } = tensor;
  if (bytes.byteLength * 2 >= bytes.buffer.byteLength) return tensor;
  return { ...tensor, bytes: bytes.slice() };
}

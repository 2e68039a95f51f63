/** Fills the weights: reads only the bytes of the planned tensors, in bounded pieces. */
import { SkeinError } from '@skein/protocol';
import type { FileRange } from '../../model/model-file.js';
import { type RandomAccessFile, withFile } from '../../model/random-access-file.js';
import { rowBytes } from '../../model/tensor-types.js';
import type { Address } from '../c-types.js';
import { callOffThread, type Ggml } from '../load-ggml.js';
import { convertRows } from './convert-rows.js';
import type { MappedRange, PlacedTensor } from './weight-store.js';

/** f32 elements of one piece: 8 MiB of scratch memory for each worker. */
const pieceElementsMax = 2 * 1024 * 1024;

/** Node runs this many native calls at once by default; more workers would only queue. */
const workersMax = 4;

export interface LoadOptions {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    | ((progress: { loadedBytes: number; totalBytes: number }) => void)
    | undefined;
}

/** A run of rows of one tensor, and where in its file they begin. */
interface Piece {
  readonly placed: PlacedTensor;
  readonly firstRow: number;
  readonly rows: number;
  readonly fileOffset: number;
}

/** A tensor of which the bytes have come in part. */
type Assemblies = Map<PlacedTensor, { bytes: Uint8Array; rowsMissing: number }>;

/** The rows of a tensor that lie in one run. */
interface RowRun {
  readonly placed: PlacedTensor;
  readonly range: FileRange;
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Reads, converts and stores all tensors that are not mapped.
 * @throws SkeinError `aborted`, `model-corrupt` when a file is cut short
 */
export async function loadWeights(
  ggml: Ggml,
  tensors: readonly PlacedTensor[],
  options: LoadOptions,
): Promise<void> {
  const totalBytes = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  let loadedBytes = 0;
  const report = (bytes: number) => {
    loadedBytes += bytes;
    options.onProgress?.({ loadedBytes, totalBytes });
  };
  const isMapped = ({ filling }: PlacedTensor) => filling === 'mapped';
  report(tensors.filter(isMapped).reduce((sum, { byteLength }) => sum + byteLength, 0));

  const copied = tensors.filter((placed) => !isMapped(placed) && placed.source !== null);
  await copyFromFiles(ggml, copied, { ...options, report });
  const runs = tensors
    .filter((placed) => !isMapped(placed) && placed.source === null)
    .flatMap(rowRunsOf);
  const assemblies: Assemblies = new Map();
  for (const path of new Set(runs.map(({ range }) => range.file))) {
    const inFileOrder = runs
      .filter(({ range }) => range.file === path)
      .sort((a, b) => a.range.offset - b.range.offset);
    await withFile(path, { signal: options.signal, missing: 'model-corrupt' }, (file) =>
      loadFromFile(ggml, file, inFileOrder, { ...options, report, assemblies }),
    );
  }
}

/**
 * Rearranges tensors straight from the mapped file: no copy of their bytes is made on the way. Copies
 * in JavaScript's memory of hundreds of megabytes would let the collector run all the time.
 */
async function copyFromFiles(
  ggml: Ggml,
  tensors: readonly PlacedTensor[],
  options: LoadOptions & { report: (bytes: number) => void },
): Promise<void> {
  const queue = tensors.values();
  const work = async () => {
    for (const { tensor, source, byteLength } of queue) {
      if (options.signal?.aborted) throw new SkeinError('aborted', 'Loading was cancelled.');
      const { file, range } = source as MappedRange;
      file.prefetch(range.offset, byteLength);
      const address = file.address + BigInt(range.offset);
      await callOffThread(ggml.backend_tensor_set, tensor, address as Address, 0, byteLength);
      file.release(range.offset, byteLength);
      options.report(byteLength);
    }
  };
  await runWorkers(options.threads, work);
}

function rowRunsOf(placed: PlacedTensor): readonly RowRun[] {
  const { ranges } = placed.location;
  const rows = placed.rows / ranges.length;
  return ranges.map((range, index) => ({ placed, range, firstRow: index * rows, rows }));
}

/** Several workers take pieces from one queue: while one reads, another converts. */
async function loadFromFile(
  ggml: Ggml,
  file: RandomAccessFile,
  runs: readonly RowRun[],
  options: LoadOptions & { report: (bytes: number) => void; assemblies: Assemblies },
): Promise<void> {
  const pieces = piecesOf(runs);
  const work = async () => {
    const scratch = new Float32Array(pieceScratchElements(runs));
    for (const piece of pieces) {
      if (options.signal?.aborted) throw new SkeinError('aborted', 'Loading was cancelled.');
      const bytes = await readPiece(ggml, file, piece, scratch);
      await storePiece(ggml, piece, bytes, options.assemblies);
      options.report(bytes.length);
    }
  };
  await runWorkers(options.threads, work);
}

async function runWorkers(threads: number, work: () => Promise<void>): Promise<void> {
  const workerCount = Math.max(1, Math.min(threads, workersMax));
  const endings = await Promise.allSettled(Array.from({ length: workerCount }, work));
  // All workers must be done before anybody frees the memory that they write to.
  for (const ending of endings) if (ending.status === 'rejected') throw ending.reason;
}

function* piecesOf(runs: readonly RowRun[]): Generator<Piece> {
  for (const { placed, range, firstRow, rows } of runs) {
    const step = Math.max(1, Math.floor(pieceElementsMax / placed.columns));
    const storedRowBytes = rowBytes(placed.location.type, placed.columns);
    for (let row = 0; row < rows; row += step) {
      yield {
        placed,
        firstRow: firstRow + row,
        rows: Math.min(step, rows - row),
        fileOffset: range.offset + row * storedRowBytes,
      };
    }
  }
}

/** Elements of the largest piece that is converted. */
function pieceScratchElements(runs: readonly RowRun[]): number {
  return runs.reduce((most, { placed, rows }) => {
    const { columns, type, location } = placed;
    if (type === location.type) return most;
    const step = Math.max(1, Math.floor(pieceElementsMax / columns));
    return Math.max(most, Math.min(rows, step) * columns);
  }, 0);
}

/** Reads a piece and returns it as it is in memory. */
async function readPiece(
  ggml: Ggml,
  file: RandomAccessFile,
  { placed, rows, fileOffset }: Piece,
  scratch: Float32Array,
): Promise<Uint8Array> {
  const { location, columns, type, offset } = placed;
  const source = new Uint8Array(rows * rowBytes(location.type, columns));
  await file.readInto(source, fileOffset);
  if (location.type === type) return shifted(source, offset);
  const target = new Uint8Array(rows * rowBytes(type, columns));
  await convertRows(ggml, {
    from: location.type,
    to: type,
    rows,
    columns,
    source,
    target,
    scratch,
  });
  return shifted(target, offset);
}

/** Adds a number to every element of a vector, which is f32; only vectors have an offset. */
function shifted(bytes: Uint8Array, offset: number): Uint8Array {
  if (offset === 0) return bytes;
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  for (const [index, value] of values.entries()) values[index] = value + offset;
  return bytes;
}

async function storePiece(
  ggml: Ggml,
  { placed, firstRow, rows }: Piece,
  bytes: Uint8Array,
  assemblies: Assemblies,
): Promise<void> {
  const offset = firstRow * rowBytes(placed.type, placed.columns);
  if (placed.filling === 'chunks') {
    await callOffThread(ggml.backend_tensor_set, placed.tensor, bytes, offset, bytes.length);
    return;
  }
  const assembly = assemblies.get(placed) ?? {
    bytes: new Uint8Array(placed.byteLength),
    rowsMissing: placed.rows,
  };
  assemblies.set(placed, assembly);
  assembly.bytes.set(bytes, offset);
  assembly.rowsMissing -= rows;
  if (assembly.rowsMissing > 0) return;
  assemblies.delete(placed);
  await callOffThread(ggml.backend_tensor_set, placed.tensor, assembly.bytes, 0, placed.byteLength);
}

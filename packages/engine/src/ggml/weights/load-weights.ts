/** Fills the weights: reads only the bytes of the planned tensors, in bounded pieces. */
import { SkeinError } from '@skein/protocol';
import { type RandomAccessFile, withFile } from '../../model/random-access-file.js';
import { callOffThread, type Ggml } from '../load-ggml.js';
import { rowBytes } from '../type-ids.js';
import { convertRows } from './convert-rows.js';
import type { PlacedTensor } from './weight-store.js';

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

/** A run of rows of one tensor. */
interface Piece {
  readonly placed: PlacedTensor;
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

  const remaining = tensors.filter((placed) => !isMapped(placed));
  for (const path of new Set(remaining.map(({ location }) => location.file))) {
    const inFileOrder = remaining
      .filter(({ location }) => location.file === path)
      .sort((a, b) => a.location.offset - b.location.offset);
    await withFile(path, { signal: options.signal, missing: 'model-corrupt' }, (file) =>
      loadFromFile(ggml, file, inFileOrder, { ...options, report }),
    );
  }
}

/** Several workers take pieces from one queue: while one reads, another converts. */
async function loadFromFile(
  ggml: Ggml,
  file: RandomAccessFile,
  tensors: readonly PlacedTensor[],
  options: LoadOptions & { report: (bytes: number) => void },
): Promise<void> {
  const pieces = piecesOf(tensors);
  const whole = new Map<PlacedTensor, { bytes: Uint8Array; rowsMissing: number }>();
  const work = async () => {
    const scratch = new Float32Array(pieceScratchElements(tensors));
    for (const piece of pieces) {
      if (options.signal?.aborted) throw new SkeinError('aborted', 'Loading was cancelled.');
      const bytes = await readPiece(ggml, file, piece, scratch);
      await storePiece(ggml, piece, bytes, whole);
      options.report(bytes.length);
    }
  };
  const workerCount = Math.max(1, Math.min(options.threads, workersMax));
  const endings = await Promise.allSettled(Array.from({ length: workerCount }, work));
  // All workers must be done before anybody frees the memory that they write to.
  for (const ending of endings) if (ending.status === 'rejected') throw ending.reason;
}

function* piecesOf(tensors: readonly PlacedTensor[]): Generator<Piece> {
  for (const placed of tensors) {
    const step = Math.max(1, Math.floor(pieceElementsMax / placed.columns));
    for (let firstRow = 0; firstRow < placed.rows; firstRow += step) {
      yield { placed, firstRow, rows: Math.min(step, placed.rows - firstRow) };
    }
  }
}

/** Elements of the largest piece that is converted. */
function pieceScratchElements(tensors: readonly PlacedTensor[]): number {
  return tensors.reduce((most, { rows, columns, type, location }) => {
    if (type === location.type) return most;
    const step = Math.max(1, Math.floor(pieceElementsMax / columns));
    return Math.max(most, Math.min(rows, step) * columns);
  }, 0);
}

/** Reads a piece and returns it in the type that it has in memory. */
async function readPiece(
  ggml: Ggml,
  file: RandomAccessFile,
  { placed, firstRow, rows }: Piece,
  scratch: Float32Array,
): Promise<Uint8Array> {
  const { location, columns, type } = placed;
  const storedRowBytes = rowBytes(location.type, columns);
  const source = new Uint8Array(rows * storedRowBytes);
  await file.readInto(source, location.offset + firstRow * storedRowBytes);
  if (location.type === type) return source;
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
  return target;
}

async function storePiece(
  ggml: Ggml,
  { placed, firstRow, rows }: Piece,
  bytes: Uint8Array,
  whole: Map<PlacedTensor, { bytes: Uint8Array; rowsMissing: number }>,
): Promise<void> {
  const offset = firstRow * rowBytes(placed.type, placed.columns);
  if (placed.filling === 'chunks') {
    await callOffThread(ggml.backend_tensor_set, placed.tensor, bytes, offset, bytes.length);
    return;
  }
  const assembly = whole.get(placed) ?? {
    bytes: new Uint8Array(placed.byteLength),
    rowsMissing: placed.rows,
  };
  whole.set(placed, assembly);
  assembly.bytes.set(bytes, offset);
  assembly.rowsMissing -= rows;
  if (assembly.rowsMissing > 0) return;
  whole.delete(placed);
  await callOffThread(ggml.backend_tensor_set, placed.tensor, assembly.bytes, 0, placed.byteLength);
}

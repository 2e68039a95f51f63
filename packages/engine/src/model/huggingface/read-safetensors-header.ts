import type { WeightType } from '@skein/protocol';
import { corruptModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { isJsonObject, type Json, type JsonObject } from '../parse-json.js';
import { readBytes, withFile } from '../random-access-file.js';
import { decodeText, parseJsonObject } from '../read-text-file.js';
import { elementCount } from '../tensor-types.js';

/** One entry of a safetensors header. */
export interface SafetensorsEntry {
  readonly name: string;
  /** As in the file: `F32`, `BF16`, `I64`. */
  readonly dtype: string;
  /** Null for a dtype that Skein does not compute with. */
  readonly type: WeightType | null;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offset: number;
  readonly byteLength: number;
}

/** Bytes of an element, for every dtype of the format's specification. */
const dtypeBytes: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['I16', 2],
  ['U16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['I32', 4],
  ['U32', 4],
  ['F32', 4],
  ['I64', 8],
  ['U64', 8],
  ['F64', 8],
]);

const weightTypes: ReadonlyMap<string, WeightType> = new Map([
  ['F32', 'f32'],
  ['F16', 'f16'],
  ['BF16', 'bf16'],
]);

const lengthBytes = 8;

/**
 * Reads the header of a safetensors file: u64 length (little-endian), JSON, then the tensors' bytes
 * without gaps. Only the header's bytes are read.
 * @see https://github.com/huggingface/safetensors#format
 * @throws SkeinError `model-corrupt`, `aborted`
 */
export async function readSafetensorsHeader(
  path: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<readonly SafetensorsEntry[]> {
  return withFile(path, { signal: options.signal, missing: 'model-corrupt' }, async (file) => {
    const length = new DataView((await readBytes(file, 0, lengthBytes)).buffer).getBigUint64(
      0,
      true,
    );
    if (length > BigInt(modelFileLimits.safetensorsHeaderBytesMax)) {
      const maximum = modelFileLimits.safetensorsHeaderBytesMax;
      throw corruptModel(path, `its header claims ${length} bytes, the maximum is ${maximum}`);
    }
    const text = decodeText(await readBytes(file, lengthBytes, Number(length)), path);
    // The specification demands the brace first, so that nothing can hide before it.
    if (!text.startsWith('{')) throw corruptModel(path, 'its header does not start with "{"');
    const dataStart = lengthBytes + Number(length);
    const entries = parseEntries(path, parseJsonObject(text, path), dataStart);
    checkLayout(path, entries, { dataStart, fileEnd: file.byteLength });
    return entries;
  });
}

function parseEntries(path: string, header: JsonObject, dataStart: number): SafetensorsEntry[] {
  const names = Object.keys(header).filter((name) => name !== '__metadata__');
  if (names.length > modelFileLimits.tensorCountMax) {
    const maximum = modelFileLimits.tensorCountMax;
    throw corruptModel(path, `it has ${names.length} tensors, the maximum is ${maximum}`);
  }
  return names.map((name) => {
    if (name.length > modelFileLimits.tensorNameBytesMax) {
      throw corruptModel(path, `a tensor's name has ${name.length} characters`);
    }
    return parseEntry(path, { name, entry: header[name], dataStart });
  });
}

function parseEntry(
  path: string,
  { name, entry, dataStart }: { name: string; entry: Json | undefined; dataStart: number },
): SafetensorsEntry {
  const fault = (problem: string) => corruptModel(path, `the tensor ${name} ${problem}`);
  if (!isJsonObject(entry)) throw fault('is not described by an object');
  const { dtype, shape, data_offsets: offsets } = entry;
  const elementBytes = typeof dtype === 'string' ? dtypeBytes.get(dtype) : undefined;
  if (typeof dtype !== 'string' || elementBytes === undefined) {
    throw fault(`has the unknown dtype ${String(dtype).slice(0, 40)}`);
  }
  if (!isIndexList(shape) || shape.length > modelFileLimits.tensorRankMax) {
    throw fault(`has a shape that is not up to ${modelFileLimits.tensorRankMax} whole numbers`);
  }
  if (!isIndexList(offsets) || offsets.length !== 2) throw fault('has broken data_offsets');
  const [begin = 0, end = 0] = offsets;
  const elements = elementCount(shape);
  if (elements === null || end - begin !== elements * elementBytes) {
    throw fault(`has ${end - begin} bytes, its dtype and shape demand another number`);
  }
  const type = weightTypes.get(dtype) ?? null;
  return { name, dtype, type, shape, offset: dataStart + begin, byteLength: end - begin };
}

/** The specification allows neither overlaps nor holes, so either is a damaged or a forged file. */
function checkLayout(
  path: string,
  entries: readonly SafetensorsEntry[],
  { dataStart, fileEnd }: { dataStart: number; fileEnd: number },
): void {
  let end = dataStart;
  for (const entry of [...entries].sort(
    (a, b) => a.offset - b.offset || a.byteLength - b.byteLength,
  )) {
    if (entry.offset !== end) {
      const relation = entry.offset < end ? 'overlaps' : 'leaves a hole after';
      throw corruptModel(path, `the tensor ${entry.name} ${relation} the one before it`);
    }
    end += entry.byteLength;
  }
  if (end !== fileEnd) {
    throw corruptModel(path, `the file has ${fileEnd} bytes, its tensors end at ${end}`);
  }
}

function isIndexList(value: Json | undefined): value is readonly number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

import type { WeightType } from '@skein/protocol';
import { throwIfAborted, unsupportedModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { type RandomAccessFile, withFile } from '../random-access-file.js';
import { tensorByteLength } from '../tensor-types.js';
import {
  ggmlTypeName,
  ggufDefaultAlignment,
  ggufMagic,
  ggufVersions,
  weightTypeOfGgml,
} from './gguf-types.js';
import { HeaderCursor } from './header-cursor.js';
import { type GgufValue, readMetadataValue } from './read-metadata-value.js';

/** A tensor as the header describes it. */
export interface GgufTensor {
  readonly name: string;
  /** Null for a type that Skein does not compute with. */
  readonly type: WeightType | null;
  /** As people call it: `Q4_K`, `IQ4_XS`. */
  readonly typeName: string;
  /** Outermost dimension first: the reverse of the file's order. */
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly offset: number;
  /** 0 for a type that Skein does not compute with. */
  readonly byteLength: number;
}

/** Everything in a GGUF file before its tensors' bytes. */
export interface GgufHeader {
  readonly path: string;
  readonly version: number;
  /** Has no prototype. */
  readonly metadata: Readonly<Record<string, GgufValue>>;
  readonly tensors: readonly GgufTensor[];
}

/**
 * Reads the header of a GGUF file, version 2 or 3.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 * @throws SkeinError `model-unknown`, `model-corrupt`, `model-unsupported`, `aborted`
 */
export async function readGgufHeader(
  path: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<GgufHeader> {
  return withFile(path, options, async (file) => {
    const cursor = new HeaderCursor(file);
    const version = await readPreamble(cursor, path);
    const tensorCount = await cursor.count('the number of tensors', modelFileLimits.tensorCountMax);
    const entryCount = await cursor.count(
      'the number of metadata entries',
      modelFileLimits.ggufEntryCountMax,
    );
    const metadata = await readMetadata(cursor, entryCount, options.signal);
    const infos = await readTensorInfos(cursor, tensorCount);
    const tensors = placeTensors(cursor, infos, {
      alignment: readAlignment(cursor, metadata),
      file,
    });
    return { path, version, metadata, tensors };
  });
}

async function readPreamble(cursor: HeaderCursor, path: string): Promise<number> {
  const magic = Buffer.from(await cursor.bytes(ggufMagic.length, 'the magic number')).toString(
    'latin1',
  );
  if (magic !== ggufMagic) {
    const wayOut = 'Give a .gguf file, or a folder with config.json and safetensors.';
    throw unsupportedModel(path, 'this is not a GGUF file', wayOut);
  }
  const version = await cursor.uint32();
  if (ggufVersions.includes(version)) return version;
  const isBigEndian = version % 0x1_0000 === 0 && version !== 0;
  const kind = isBigEndian ? 'a big-endian GGUF file' : `a GGUF file of version ${version}`;
  const wayOut = `Supported are little-endian files of version ${ggufVersions.join(' and ')}.`;
  throw unsupportedModel(path, `this is ${kind}`, wayOut);
}

async function readMetadata(
  cursor: HeaderCursor,
  entryCount: number,
  signal: AbortSignal | undefined,
): Promise<Record<string, GgufValue>> {
  const metadata: Record<string, GgufValue> = Object.create(null);
  for (let entry = 0; entry < entryCount; entry += 1) {
    throwIfAborted(signal);
    const key = await cursor.string('a metadata key', modelFileLimits.ggufKeyBytesMax);
    if (key in metadata) throw cursor.fault(`the metadata key ${key} comes twice`);
    metadata[key] = await readMetadataValue(cursor, key);
  }
  return metadata;
}

function readAlignment(cursor: HeaderCursor, metadata: Record<string, GgufValue>): number {
  const alignment = metadata['general.alignment'] ?? ggufDefaultAlignment;
  const isPowerOfTwo =
    typeof alignment === 'number' &&
    Number.isInteger(alignment) &&
    alignment > 0 &&
    alignment <= modelFileLimits.ggufAlignmentMax &&
    (alignment & (alignment - 1)) === 0;
  if (!isPowerOfTwo) {
    const maximum = modelFileLimits.ggufAlignmentMax;
    throw cursor.fault(`general.alignment is not a power of two up to ${maximum}`);
  }
  return alignment;
}

/** A tensor with its offset from the start of the data, which is not known yet. */
interface TensorInfo {
  readonly name: string;
  readonly typeId: number;
  readonly shape: readonly number[];
  readonly dataOffset: bigint;
}

async function readTensorInfos(cursor: HeaderCursor, tensorCount: number): Promise<TensorInfo[]> {
  const infos: TensorInfo[] = [];
  const names = new Set<string>();
  while (infos.length < tensorCount) {
    const name = await cursor.string("a tensor's name", modelFileLimits.tensorNameBytesMax);
    if (names.has(name)) throw cursor.fault(`the tensor ${name} comes twice`);
    names.add(name);
    const rank = await cursor.uint32();
    if (rank < 1 || rank > modelFileLimits.tensorRankMax) {
      throw cursor.fault(`the tensor ${name} has ${rank} dimensions`);
    }
    const shape: number[] = [];
    while (shape.length < rank) {
      const dimension = await cursor.count(`a dimension of ${name}`, Number.MAX_SAFE_INTEGER);
      if (dimension === 0) throw cursor.fault(`the tensor ${name} has a dimension of 0`);
      shape.unshift(dimension);
    }
    infos.push({ name, shape, typeId: await cursor.uint32(), dataOffset: await cursor.uint64() });
  }
  return infos;
}

function placeTensors(
  cursor: HeaderCursor,
  infos: readonly TensorInfo[],
  { alignment, file }: { alignment: number; file: RandomAccessFile },
): GgufTensor[] {
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = infos.map((info): GgufTensor => {
    const { name, typeId, shape, dataOffset } = info;
    const type = weightTypeOfGgml(typeId);
    const byteLength = type === null ? 0 : tensorByteLength(type, shape);
    if (byteLength === null) {
      throw cursor.fault(`the tensor ${name} cannot have the shape [${shape.join(', ')}]`);
    }
    if (dataOffset % BigInt(alignment) !== 0n) {
      throw cursor.fault(`the tensor ${name} is not aligned to ${alignment} bytes`);
    }
    const end = BigInt(dataStart) + dataOffset + BigInt(byteLength);
    if (end > BigInt(file.byteLength)) {
      throw cursor.fault(
        `the tensor ${name} ends at ${end}, the file at ${file.byteLength}: it is cut short`,
      );
    }
    const offset = dataStart + Number(dataOffset);
    return { name, type, typeName: ggmlTypeName(typeId), shape, offset, byteLength };
  });
  checkOverlaps(cursor, tensors);
  return tensors;
}

function checkOverlaps(cursor: HeaderCursor, tensors: readonly GgufTensor[]): void {
  let end = 0;
  for (const tensor of [...tensors].sort((a, b) => a.offset - b.offset)) {
    if (tensor.offset < end) throw cursor.fault(`the tensor ${tensor.name} overlaps another one`);
    end = tensor.offset + tensor.byteLength;
  }
}

import { SkeinError, type WeightType } from '@skein/protocol';
import { tensorByteLength } from '../tensor-types.js';
import { appendTensor, type ChunkSource, writeWhole } from '../write-chunks.js';
import {
  type GgufNumberType,
  type GgufValueType,
  ggmlTypeIds,
  ggufDefaultAlignment,
  ggufMagic,
  ggufValueTypes,
} from './gguf-types.js';

/** A metadata value with its type, which JavaScript's numbers do not tell. */
export type GgufMetadataValue =
  | { readonly type: GgufNumberType; readonly value: number | bigint }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  | {
      readonly type: 'array';
      readonly of: GgufNumberType;
      readonly value: Iterable<number | bigint>;
    }
  | { readonly type: 'array'; readonly of: 'bool'; readonly value: Iterable<boolean> }
  | { readonly type: 'array'; readonly of: 'string'; readonly value: Iterable<string> };

/** Metadata by key, in the order in which it is written. */
export type GgufMetadata = Readonly<Record<string, GgufMetadataValue>>;

/** A tensor to write. */
export interface GgufTensorSource {
  readonly name: string;
  readonly type: WeightType;
  /** Outermost dimension first, as everywhere but in the file. */
  readonly shape: readonly number[];
  readonly chunks: ChunkSource;
}

/**
 * Writes a GGUF file, version 3. Tensors are streamed: memory holds the header and one chunk.
 *
 * @throws SkeinError `bad-argument` for a tensor whose type, shape and bytes do not agree
 */
export async function writeGguf(
  path: string,
  model: { metadata: GgufMetadata; tensors: readonly GgufTensorSource[]; alignment?: number },
): Promise<void> {
  const alignment = model.alignment ?? ggufDefaultAlignment;
  const metadata: GgufMetadata =
    alignment === ggufDefaultAlignment
      ? model.metadata
      : { ...model.metadata, 'general.alignment': { type: 'uint32', value: alignment } };
  const header = Buffer.concat(headerPieces(metadata, model.tensors, alignment));
  await writeWhole(path, async (append) => {
    await append(header);
    await append(padding(header.length, alignment));
    for (const tensor of model.tensors) {
      const byteLength = lengthOf(tensor);
      await appendTensor(append, { ...tensor, byteLength });
      await append(padding(byteLength, alignment));
    }
  });
}

function headerPieces(
  metadata: GgufMetadata,
  tensors: readonly GgufTensorSource[],
  alignment: number,
): Buffer[] {
  const entries = Object.entries(metadata);
  const pieces = [Buffer.from(ggufMagic), number('uint32', 3)];
  pieces.push(number('uint64', tensors.length), number('uint64', entries.length));
  for (const [key, value] of entries) {
    pieces.push(string(key), valueType(value.type), metadataValue(value));
  }
  let offset = 0;
  for (const tensor of tensors) {
    const dimensions = tensor.shape.toReversed();
    pieces.push(string(tensor.name), number('uint32', dimensions.length));
    pieces.push(...dimensions.map((dimension) => number('uint64', dimension)));
    pieces.push(number('uint32', ggmlTypeIds[tensor.type]), number('uint64', offset));
    const byteLength = lengthOf(tensor);
    offset += byteLength + padding(byteLength, alignment).length;
  }
  return pieces;
}

function metadataValue(entry: GgufMetadataValue): Buffer {
  if (entry.type === 'string') return string(entry.value);
  if (entry.type === 'bool') return boolean(entry.value);
  if (entry.type !== 'array') return number(entry.type, entry.value);
  const elements = arrayElements(entry);
  const count = number('uint64', elements.length);
  return Buffer.concat([valueType(entry.of), count, Buffer.concat(elements)]);
}

function arrayElements(entry: GgufMetadataValue & { type: 'array' }): Buffer[] {
  if (entry.of === 'string') return Array.from(entry.value, string);
  if (entry.of === 'bool') return Array.from(entry.value, boolean);
  const { of } = entry;
  return Array.from(entry.value, (value) => number(of, value));
}

const numberWriters: Readonly<Record<GgufNumberType, (value: number | bigint) => Buffer>> = {
  uint8: (value) => fill(1, (buffer) => buffer.writeUInt8(Number(value))),
  int8: (value) => fill(1, (buffer) => buffer.writeInt8(Number(value))),
  uint16: (value) => fill(2, (buffer) => buffer.writeUInt16LE(Number(value))),
  int16: (value) => fill(2, (buffer) => buffer.writeInt16LE(Number(value))),
  uint32: (value) => fill(4, (buffer) => buffer.writeUInt32LE(Number(value))),
  int32: (value) => fill(4, (buffer) => buffer.writeInt32LE(Number(value))),
  float32: (value) => fill(4, (buffer) => buffer.writeFloatLE(Number(value))),
  uint64: (value) => fill(8, (buffer) => buffer.writeBigUInt64LE(BigInt(value))),
  int64: (value) => fill(8, (buffer) => buffer.writeBigInt64LE(BigInt(value))),
  float64: (value) => fill(8, (buffer) => buffer.writeDoubleLE(Number(value))),
};

function fill(byteLength: number, write: (buffer: Buffer) => void): Buffer {
  const buffer = Buffer.alloc(byteLength);
  write(buffer);
  return buffer;
}

function number(type: GgufNumberType, value: number | bigint): Buffer {
  return numberWriters[type](value);
}

function boolean(value: boolean): Buffer {
  return Buffer.of(value ? 1 : 0);
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([number('uint64', bytes.length), bytes]);
}

function valueType(type: GgufValueType): Buffer {
  return number('uint32', ggufValueTypes.indexOf(type));
}

function padding(byteLength: number, alignment: number): Uint8Array {
  return new Uint8Array((alignment - (byteLength % alignment)) % alignment);
}

function lengthOf({ name, type, shape }: GgufTensorSource): number {
  const byteLength = tensorByteLength(type, shape);
  if (byteLength !== null) return byteLength;
  throw new SkeinError('bad-argument', `${name} cannot be [${shape.join(', ')}] in ${type}.`);
}

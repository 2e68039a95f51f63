import { SkeinError, type WeightType } from '@skein/protocol';
import { tensorByteLength } from '../tensor-types.js';
import { appendTensor, type ChunkSource, writeWhole } from '../write-chunks.js';

/** A tensor to write. */
export interface SafetensorsSource {
  /** As Hugging Face names it: `model.layers.0.self_attn.q_proj.weight`. */
  readonly name: string;
  readonly type: Extract<WeightType, 'f32' | 'f16' | 'bf16'>;
  /** Outermost dimension first. */
  readonly shape: readonly number[];
  readonly chunks: ChunkSource;
}

/**
 * Writes a safetensors file. Tensors are streamed: memory holds the header and one chunk.
 *
 * @throws SkeinError `bad-argument` for a tensor whose shape and bytes do not agree
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly SafetensorsSource[],
): Promise<void> {
  const header: Record<string, object> = Object.create(null);
  header.__metadata__ = { format: 'pt' };
  const lengths = tensors.map(lengthOf);
  let end = 0;
  for (const [index, { name, type, shape }] of tensors.entries()) {
    const begin = end;
    end += lengths[index] as number;
    header[name] = { dtype: type.toUpperCase(), shape, data_offsets: [begin, end] };
  }
  const json = JSON.stringify(header);
  // Spaces after the header keep the tensors aligned to 8 bytes, as the reference writer does.
  const text = Buffer.from(json + ' '.repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeWhole(path, async (append) => {
    await append(Buffer.concat([length, text]));
    for (const [index, tensor] of tensors.entries()) {
      await appendTensor(append, { ...tensor, byteLength: lengths[index] as number });
    }
  });
}

function lengthOf({ name, type, shape }: SafetensorsSource): number {
  const byteLength = tensorByteLength(type, shape);
  if (byteLength !== null) return byteLength;
  throw new SkeinError('bad-argument', `${name} cannot have the shape [${shape.join(', ')}].`);
}

/** Weights of every type that model files have, as f32: ggml's formats, written out in JavaScript. */
import { decodeHidden, float32View, type WeightType } from '@skein/protocol';
import { storageLayouts } from '../model/tensor-types.js';
import { blockReaders } from './quantised-blocks.js';

/**
 * Turns stored elements into numbers, in memory of their own.
 * @param bytes a whole number of the type's blocks
 */
export function dequantise(type: WeightType, bytes: Uint8Array): Float32Array {
  if (type === 'f32') return float32View(bytes).slice();
  const { blockElements, blockBytes } = storageLayouts[type];
  const elements = (bytes.length / blockBytes) * blockElements;
  const values = new Float32Array(elements);
  if (type === 'f16' || type === 'bf16') {
    // In pieces: a tensor on the wire may not be as long as a matrix of weights.
    for (let start = 0; start < elements; start += pieceElements) {
      const count = Math.min(pieceElements, elements - start);
      const piece = bytes.subarray(2 * start, 2 * (start + count));
      values.set(decodeHidden({ type, shape: [count], bytes: piece }), start);
    }
    return values;
  }
  const readBlock = blockReaders[type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let target = 0;
  for (let offset = 0; offset < bytes.length; offset += blockBytes) {
    readBlock(view, offset, values, target);
    target += blockElements;
  }
  return values;
}

const pieceElements = 1024 * 1024;

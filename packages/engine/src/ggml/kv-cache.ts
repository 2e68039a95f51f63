/** The KV cache of one session: grows with use, can be cut, read and written. */
import { type KvChunk, type KvType, SkeinError, type Span } from '@skein/protocol';
import type { SessionCache } from '../core/block-computer.js';
import type { Tensor } from './c-types.js';
import {
  capacityFor,
  type KvLayout,
  type KvPool,
  type KvStore,
  kvRowBytes,
  roundUp,
} from './kv-store.js';
import type { Ggml } from './load-ggml.js';

/** Caches tokens `[0, length)` of every block in a span. */
export class KvCache implements SessionCache {
  private current: KvStore | null = null;
  /** Tokens that each block holds; equal for all but during an import. */
  private readonly filled: number[];

  constructor(
    private readonly ggml: Ggml,
    private readonly pool: KvPool,
    private readonly layout: KvLayout,
    private readonly span: Span,
  ) {
    this.filled = new Array<number>(span.end - span.start).fill(0);
  }

  /** Tokens that the block with the fewest, and with the most, holds. */
  get completeTokens(): number {
    return this.filled.length === 0 ? 0 : Math.min(...this.filled);
  }

  get heldTokens(): number {
    return Math.max(0, ...this.filled);
  }

  /**
   * Makes room for `tokens` in all, moving what is there if it must.
   * @throws SkeinError `kv-full` when the device has no memory
   */
  reserve(tokens: number): void {
    this.storeFor(tokens);
  }

  /** What a pass up to `tokens` writes to, and how much of it it looks at: padded. */
  view(tokens: number): { readonly store: KvStore; readonly attendedTokens: number } {
    const attendedTokens = roundUp(tokens, this.layout.paddingTokens);
    return { store: this.storeFor(tokens), attendedTokens };
  }

  private storeFor(tokens: number): KvStore {
    if (this.current !== null && this.current.capacity >= tokens) return this.current;
    const capacity = capacityFor(tokens, this.layout);
    const larger = this.pool.acquire(this.span, capacity);
    if (larger === null) {
      throw new SkeinError('kv-full', `The device has no memory for ${capacity} more tokens.`);
    }
    if (this.current !== null) {
      this.pool.copy(this.current, larger, this.heldTokens);
      this.pool.release(this.current);
    }
    this.current = larger;
    return larger;
  }

  /** Declares that every block holds `[0, tokens)`, no more. */
  setFilled(tokens: number): void {
    this.filled.fill(tokens);
  }

  /** Keys and values of one block, `[start, end)` tokens. */
  read(range: { block: number; start: number; end: number }): KvChunk {
    const { block, start, end } = range;
    const rowBytes = kvRowBytes(this.layout);
    const take = (tensor: Tensor | undefined) => {
      const bytes = new Uint8Array((end - start) * rowBytes);
      if (tensor !== undefined && bytes.length > 0) {
        this.ggml.backend_tensor_get(tensor, bytes, start * rowBytes, bytes.length);
      }
      return bytes;
    };
    const index = block - this.span.start;
    return {
      block,
      position: start,
      count: end - start,
      type: this.layout.type,
      keys: take(this.current?.keys[index]),
      values: take(this.current?.values[index]),
    };
  }

  /** Writes keys and values, converted to the cache's type. There must be no gap before them. */
  write(chunk: KvChunk): void {
    const { block, position, count } = chunk;
    const store = this.storeFor(position + count);
    const index = block - this.span.start;
    const offset = position * kvRowBytes(this.layout);
    for (const [tensor, bytes] of [
      [store.keys[index], chunk.keys],
      [store.values[index], chunk.values],
    ] as const) {
      const converted = this.convert(bytes, chunk.type);
      this.ggml.backend_tensor_set(tensor as Tensor, converted, offset, converted.length);
    }
    this.filled[index] = Math.max(this.filled[index] as number, position + count);
  }

  /** Tokens that one block holds. */
  filledTokens(block: number): number {
    return this.filled[block - this.span.start] as number;
  }

  /** Gives the memory back. */
  free(): void {
    if (this.current !== null) this.pool.release(this.current);
    this.current = null;
    this.setFilled(0);
  }

  /** `validateChunk` has seen to it that only plain numbers are converted. */
  private convert(bytes: Uint8Array, type: KvType): Uint8Array {
    const own = this.layout.type;
    if (type === own) return bytes;
    const elements = bytes.length / (type === 'f32' ? 4 : 2);
    const converted = new Uint8Array(elements * (own === 'f32' ? 4 : 2));
    if (own === 'f32') this.ggml.fp16_to_fp32_row(bytes, converted, elements);
    else this.ggml.fp32_to_fp16_row(bytes, converted, elements);
    return converted;
  }
}

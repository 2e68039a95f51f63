/** The KV cache of one session, in tensors that are made anew when rows are added. */
import {
  decodeHidden,
  encodeHidden,
  type KvChunk,
  type ModelConfig,
  type Span,
} from '@skein/protocol';
import type { SessionCache } from '../core/block-computer.js';
import type { Tf, TfTensor } from './open-backend.js';
import { roundTo } from './operations.js';

/** Types that a cache here can have: numbers are held in f32, rounded to the type. */
export type TensorKvType = 'f32' | 'f16';

/** Keys or values of one block: `[kvHeads, tokens, headDim]`; null for no tokens. */
type Held = TfTensor | null;

interface BlockCache {
  keys: Held;
  values: Held;
  /** Tokens that count; the tensors may hold more, which were cut off. */
  filled: number;
}

const nothing: BlockCache = { keys: null, values: null, filled: 0 };

export class TensorCache implements SessionCache {
  private readonly blocks: BlockCache[];

  constructor(
    private readonly tf: Tf,
    private readonly config: Pick<ModelConfig, 'kvHeadCount' | 'headDim'>,
    private readonly type: TensorKvType,
    private readonly span: Span,
  ) {
    this.blocks = Array.from({ length: span.end - span.start }, () => ({ ...nothing }));
  }

  get completeTokens(): number {
    return this.blocks.length === 0 ? 0 : Math.min(...this.blocks.map(({ filled }) => filled));
  }

  get heldTokens(): number {
    return Math.max(0, ...this.blocks.map(({ filled }) => filled));
  }

  filledTokens(block: number): number {
    return this.blockAt(block).filled;
  }

  setFilled(tokens: number): void {
    for (const block of this.blocks) {
      if (tokens === 0) this.replace(block, nothing);
      else block.filled = tokens;
    }
  }

  /** Tensors grow with the rows. */
  reserve(): void {}

  /**
   * Adds rows of one block from `position` on, and forgets what stood there.
   * @param keys `[rows, kvHeads, headDim]`, rounded to the cache's type, as `values`
   * @returns keys and values of all tokens, `[kvHeads, tokens, headDim]`, which stay the cache's
   */
  append(
    block: number,
    position: number,
    rows: { keys: TfTensor; values: TfTensor },
  ): { keys: TfTensor; values: TfTensor } {
    const held = this.blockAt(block);
    const keys = this.joined(held.keys, position, rows.keys);
    const values = this.joined(held.values, position, rows.values);
    const end = position + (rows.keys.shape[0] as number);
    this.replace(held, { keys, values, filled: end });
    return { keys, values };
  }

  async read(range: { block: number; start: number; end: number }): Promise<KvChunk> {
    const { block, start, end } = range;
    const { keys, values } = this.blockAt(block);
    const count = end - start;
    const take = async (held: Held): Promise<Uint8Array> => {
      if (held === null || count === 0) return new Uint8Array(0);
      const { tf, config } = this;
      const rows = tf.tidy(() => {
        const part = tf.slice(held, [0, start, 0], [config.kvHeadCount, count, config.headDim]);
        return tf.transpose(part, [1, 0, 2]); // [count, kvHeads, headDim]
      });
      const numbers = (await rows.data()) as Float32Array;
      rows.dispose();
      // A copy: numbers may be the memory of a tensor.
      return encodeHidden(numbers, [numbers.length], this.type).bytes.slice();
    };
    const { type } = this;
    return {
      block,
      position: start,
      count,
      type,
      keys: await take(keys),
      values: await take(values),
    };
  }

  write({ block, position, count, type, keys, values }: KvChunk): void {
    const held = this.blockAt(block);
    const { kvHeadCount, headDim } = this.config;
    const size = count * kvHeadCount * headDim;
    const end = Math.max(held.filled, position + count);
    const place = (old: Held, bytes: Uint8Array) =>
      this.tf.tidy(() => {
        // A chunk of q8_0 was refused before.
        const numbers = decodeHidden({ type: type as TensorKvType, shape: [size], bytes });
        const rows = this.tf.tensor3d(
          roundTo(numbers, this.type).slice(),
          [count, kvHeadCount, headDim],
          'float32',
        );
        const upTo = this.joined(old, position, rows);
        const behind = held.filled - (position + count);
        if (old === null || behind <= 0) return upTo;
        const rest = this.tf.slice(old, [0, position + count, 0], [kvHeadCount, behind, headDim]);
        return this.tf.concat([upTo, rest], 1);
      });
    this.replace(held, {
      keys: place(held.keys, keys),
      values: place(held.values, values),
      filled: end,
    });
  }

  free(): void {
    this.setFilled(0);
  }

  /** The first `position` tokens of what is held, and then the rows. */
  private joined(held: Held, position: number, rows: TfTensor): TfTensor {
    const { tf } = this;
    const { kvHeadCount, headDim } = this.config;
    return tf.tidy(() => {
      const added = tf.transpose(rows, [1, 0, 2]); // [kvHeads, rows, headDim]
      if (held === null || position === 0) return added;
      const isWhole = held.shape[1] === position;
      const kept = isWhole ? held : tf.slice(held, [0, 0, 0], [kvHeadCount, position, headDim]);
      return tf.concat([kept, added], 1);
    });
  }

  private replace(block: BlockCache, next: BlockCache): void {
    block.keys?.dispose();
    block.values?.dispose();
    Object.assign(block, next);
  }

  private blockAt(block: number): BlockCache {
    return this.blocks[block - this.span.start] as BlockCache;
  }
}

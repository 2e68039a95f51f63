/** Device memory for the keys and values of sessions. */
import { type KvType, type Span, spanLength } from '@skein/protocol';
import { rowBytes } from '../model/tensor-types.js';
import type { BufferType, Context, DeviceBuffer, Tensor } from './c-types.js';
import { createContext } from './create-context.js';
import type { Ggml } from './load-ggml.js';
import type { ComputeUnit } from './runtime.js';
import { typeIds } from './type-ids.js';

/** Shape of the caches of one engine. */
export interface KvLayout {
  readonly type: KvType;
  /** Elements of one token in one block: `kvHeadCount * headDim`, for keys and again for values. */
  readonly rowElements: number;
  /** Capacities and attended lengths are multiples of this many tokens. */
  readonly paddingTokens: number;
  /** The longest context, in tokens. */
  readonly contextLength: number;
}

/** Up to here a cache doubles when it is full; beyond, it grows by this much. */
const growthTokensMax = 1024;

/** Keys and values of one session over its blocks: each tensor is `[capacity, rowElements]`. */
export interface KvStore {
  /** Never used twice, so that a graph can be known by the stores that it reads. */
  readonly id: number;
  readonly capacity: number;
  readonly keys: readonly Tensor[];
  readonly values: readonly Tensor[];
}

interface OwnedStore extends KvStore {
  /** Stores with the same key can take each other's place. */
  readonly shape: string;
  /** One of each for every kind of memory. */
  readonly contexts: readonly Context[];
  readonly buffers: readonly DeviceBuffer[];
}

/**
 * The smallest capacity that holds `tokens`: doubling while small, so that short sessions stay
 * short, and then in steps of {@link growthTokensMax}, so that little is allocated in vain.
 */
export function capacityFor(tokens: number, layout: KvLayout): number {
  const cap = roundUp(layout.contextLength, layout.paddingTokens);
  let capacity = layout.paddingTokens;
  while (capacity < tokens && capacity < growthTokensMax) capacity *= 2;
  if (capacity < tokens) capacity = roundUp(tokens, growthTokensMax);
  return Math.min(roundUp(capacity, layout.paddingTokens), cap);
}

/** The smallest multiple of `step` that is at least `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Where a pool takes memory, and how much it keeps. */
export interface KvPoolOptions {
  /** The device that computes a block, on which its keys and values lie. */
  readonly unitOf: (block: number) => ComputeUnit;
  /** Capacity, over all idle stores, that is kept for reuse. */
  readonly idleTokensMax: number;
}

/** Hands out stores and keeps freed ones for the next session of the same shape. */
export class KvPool {
  private readonly idle = new Map<string, OwnedStore[]>();
  private idleTokens = 0;
  private nextId = 1;

  constructor(
    private readonly ggml: Ggml,
    private readonly layout: KvLayout,
    private readonly options: KvPoolOptions,
  ) {}

  /** A zeroed store for the blocks of a span, or null when a device has no memory left. */
  acquire(span: Span, capacity: number): KvStore | null {
    const reused = this.idle.get(this.shapeOf(span, capacity))?.pop();
    if (reused !== undefined) this.idleTokens -= capacity;
    let store = reused ?? this.allocate(span, capacity);
    if (store === null && this.idleTokens > 0) {
      this.freeIdle();
      store = this.allocate(span, capacity);
    }
    // Attention multiplies padding by zero, and zero times a NaN of another session is a NaN.
    for (const buffer of store?.buffers ?? []) this.ggml.backend_buffer_clear(buffer, 0);
    return store;
  }

  release(store: KvStore): void {
    const owned = store as OwnedStore;
    if (this.idleTokens + owned.capacity > this.options.idleTokensMax) {
      this.free(owned);
      return;
    }
    const shelf = this.idle.get(owned.shape) ?? [];
    shelf.push(owned);
    this.idle.set(owned.shape, shelf);
    this.idleTokens += owned.capacity;
  }

  /** Copies the first `tokens` rows of every tensor, on its device. */
  copy(from: KvStore, to: KvStore, tokens: number): void {
    if (tokens === 0) return;
    const { ggml } = this;
    const elements = tokens * this.layout.rowElements;
    const context = createContext(ggml, 4 * from.keys.length);
    const copyRows = (source: Tensor, target: Tensor) => {
      const sourceRows = ggml.view_1d(context, source, elements, 0);
      const targetRows = ggml.view_1d(context, target, elements, 0);
      ggml.backend_view_init(sourceRows);
      ggml.backend_view_init(targetRows);
      ggml.backend_tensor_copy(sourceRows, targetRows);
    };
    for (const [block, keys] of from.keys.entries()) {
      copyRows(keys, to.keys[block] as Tensor);
      copyRows(from.values[block] as Tensor, to.values[block] as Tensor);
    }
    ggml.free(context);
  }

  /** Frees all idle stores. Stores in use belong to their sessions. */
  freeIdle(): void {
    for (const shelf of this.idle.values()) for (const store of shelf) this.free(store);
    this.idle.clear();
    this.idleTokens = 0;
  }

  private allocate(span: Span, capacity: number): OwnedStore | null {
    const { ggml } = this;
    const { type, rowElements } = this.layout;
    const contexts = new Map<BufferType, Context>();
    const contextOf = (block: number) => {
      const { bufferType } = this.options.unitOf(block);
      const context = contexts.get(bufferType) ?? createContext(ggml, 2 * spanLength(span));
      contexts.set(bufferType, context);
      return context;
    };
    const createTensor = (_: unknown, index: number) =>
      ggml.new_tensor_2d(contextOf(span.start + index), typeIds[type], rowElements, capacity);
    const keys = Array.from({ length: spanLength(span) }, createTensor);
    const values = Array.from({ length: spanLength(span) }, createTensor);
    const buffers: DeviceBuffer[] = [];
    const owned = { contexts: [...contexts.values()], buffers };
    const shape = this.shapeOf(span, capacity);
    const store = { id: this.nextId, shape, capacity, keys, values, ...owned };
    for (const [bufferType, context] of contexts) {
      const buffer = ggml.backend_alloc_ctx_tensors_from_buft(context, bufferType);
      if (buffer === null) {
        this.free(store);
        return null;
      }
      buffers.push(buffer);
    }
    this.nextId += 1;
    return store;
  }

  private shapeOf({ start, end }: Span, capacity: number): string {
    const { unitOf } = this.options;
    const places = Array.from(
      { length: end - start },
      (_, index) => unitOf(start + index).device.name,
    );
    return `${places.join()} x ${capacity}`;
  }

  private free({ buffers, contexts }: OwnedStore): void {
    for (const buffer of buffers) this.ggml.backend_buffer_free(buffer);
    for (const context of contexts) this.ggml.free(context);
  }
}

/** Bytes of one token's keys, or values, in one block. */
export function kvRowBytes(layout: KvLayout): number {
  return rowBytes(layout.type, layout.rowElements);
}

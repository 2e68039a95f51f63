/** Device memory for the keys and values of sessions. */
import type { KvType } from '@skein/protocol';
import { rowBytes } from '../model/tensor-types.js';
import type { Context, DeviceBuffer, Tensor } from './c-types.js';
import { createContext } from './create-context.js';
import type { Runtime } from './runtime.js';
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
  readonly context: Context;
  readonly buffer: DeviceBuffer;
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

/** Hands out stores and keeps freed ones for the next session of the same shape. */
export class KvPool {
  private readonly idle = new Map<string, OwnedStore[]>();
  private idleTokens = 0;
  private nextId = 1;

  /** @param idleTokensMax capacity, over all idle stores, that is kept for reuse */
  constructor(
    private readonly runtime: Runtime,
    private readonly layout: KvLayout,
    private readonly idleTokensMax: number,
  ) {}

  /** A zeroed store, or null when the device has no memory left. */
  acquire(blockCount: number, capacity: number): KvStore | null {
    const reused = this.idle.get(shapeKey(blockCount, capacity))?.pop();
    if (reused !== undefined) this.idleTokens -= capacity;
    let store = reused ?? this.allocate(blockCount, capacity);
    if (store === null && this.idleTokens > 0) {
      this.freeIdle();
      store = this.allocate(blockCount, capacity);
    }
    // Attention multiplies padding by zero, and zero times a NaN of another session is a NaN.
    if (store !== null) this.runtime.ggml.backend_buffer_clear(store.buffer, 0);
    return store;
  }

  release(store: KvStore): void {
    const owned = store as OwnedStore;
    if (this.idleTokens + owned.capacity > this.idleTokensMax) {
      this.free(owned);
      return;
    }
    const key = shapeKey(owned.keys.length, owned.capacity);
    const shelf = this.idle.get(key) ?? [];
    shelf.push(owned);
    this.idle.set(key, shelf);
    this.idleTokens += owned.capacity;
  }

  /** Copies the first `tokens` rows of every tensor, on the device. */
  copy(from: KvStore, to: KvStore, tokens: number): void {
    if (tokens === 0) return;
    const { ggml } = this.runtime;
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

  private allocate(blockCount: number, capacity: number): OwnedStore | null {
    const { ggml } = this.runtime;
    const { type, rowElements } = this.layout;
    const context = createContext(ggml, 2 * blockCount);
    const createTensor = () => ggml.new_tensor_2d(context, typeIds[type], rowElements, capacity);
    const keys = Array.from({ length: blockCount }, createTensor);
    const values = Array.from({ length: blockCount }, createTensor);
    const buffer = ggml.backend_alloc_ctx_tensors_from_buft(context, this.runtime.bufferType);
    if (buffer === null) {
      ggml.free(context);
      return null;
    }
    const id = this.nextId;
    this.nextId += 1;
    return { id, capacity, keys, values, context, buffer };
  }

  private free(store: OwnedStore): void {
    this.runtime.ggml.backend_buffer_free(store.buffer);
    this.runtime.ggml.free(store.context);
  }
}

function shapeKey(blockCount: number, capacity: number): string {
  return `${blockCount}x${capacity}`;
}

/** Bytes of one token's keys, or values, in one block. */
export function kvRowBytes(layout: KvLayout): number {
  return rowBytes(layout.type, layout.rowElements);
}

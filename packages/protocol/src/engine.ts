/**
 * The contract of an engine: blocks and KV caches, numbers in, numbers out. It knows no network.
 * Everything here is checked before native code sees it; a violation throws `bad-argument`.
 */
import type { SessionId } from './ids.js';
import type { WeightType } from './manifest.js';
import type { ModelConfig } from './model-config.js';
import type { Ends, Span } from './span.js';
import { int8BlockSize, int8ScaleBytes } from './tensor.js';

/** What to compute on. `auto` takes the best device that passes its self-test. */
export const deviceChoices = ['auto', 'cpu', 'vulkan', 'cuda', 'metal'] as const;
export type DeviceChoice = (typeof deviceChoices)[number];

/** Element types of hidden rows that an engine takes and returns without conversion in JavaScript. */
export type HiddenType = 'f32' | 'f16' | 'bf16';

/**
 * Element types of a KV cache. `q8_0` takes eight bits for an element and a scale for each 32 of
 * them, laid out as an `int8` tensor on the wire; it needs heads of a multiple of 32 elements.
 */
export const kvTypes = ['f32', 'f16', 'q8_0'] as const;
export type KvType = (typeof kvTypes)[number];

/** Bytes of a number of cached elements; a whole number of blocks of 32 for `q8_0`. */
export function kvByteLength(type: KvType, elements: number): number {
  if (type === 'q8_0') return (elements / int8BlockSize) * (int8BlockSize + int8ScaleBytes);
  return elements * (type === 'f16' ? 2 : 4);
}

/** Who computes: ggml's libraries, or TensorFlow.js on the backend that is there. */
export const engineNames = ['ggml', 'tfjs'] as const;
export type EngineName = (typeof engineNames)[number];

/** What an engine is told to load. */
export interface EngineOptions {
  /** Default `ggml`. */
  readonly engine?: EngineName;
  /** A Hugging Face style folder or a .gguf file. */
  readonly modelPath: string;
  readonly span: Span;
  readonly ends: Ends;
  /** Type of the matrices in memory: `keep` leaves them as stored. Norms and biases stay f32. */
  readonly weightType: WeightType | 'keep';
  readonly device: DeviceChoice;
  /** One device of its kind, counted from 0; default: all of them. The CPU is one. */
  readonly deviceIndex?: number;
  /**
   * Bytes of weights and caches that each device may take; default: what is free on it, but for
   * a reserve. Blocks that do not fit are computed on the CPU.
   */
  readonly deviceMemoryBytes?: number;
  /** Blocks that devices take at most, the last ones; the CPU computes the others. Default: all. */
  readonly deviceBlocksMax?: number;
  /**
   * On the CPU: use weights where they lie in their file, where the format allows it, so that processes
   * on one machine share them. Default: rearrange them where that makes products faster.
   */
  readonly sharesWeights?: boolean;
  /** Compute threads; default: physical cores, at least 1. */
  readonly threads?: number;
  /** Element type of the KV cache. */
  readonly kvType: KvType;
  /** Tokens over all sessions that may be cached; a token counts once however many blocks. */
  readonly kvTokensMax: number;
  readonly signal?: AbortSignal;
  /** Called with bytes loaded so far and in all. */
  readonly onProgress?: (progress: { loadedBytes: number; totalBytes: number }) => void;
  /** With `auto`: a device that is installed does not work, and the next one is tried. */
  readonly onFallback?: (device: Exclude<DeviceChoice, 'auto'>, error: Error) => void;
}

/** Blocks that one device computes. */
export interface DevicePlacement {
  /** `CPU`, `CUDA0`, `Vulkan1`. */
  readonly device: string;
  /** The hardware's name. */
  readonly description: string;
  readonly span: Span;
}

/** What a loaded engine says of itself. */
export interface EngineInfo {
  /** Absent: `ggml`. Engines add up in orders of their own, so it is part of the numeric kind. */
  readonly engine?: EngineName;
  /** `ggml 0.25.1 CPU (AMD EPYC)`: for people. */
  readonly description: string;
  readonly device: DeviceChoice;
  /** The hardware's name; of several devices, each with its blocks. */
  readonly deviceName: string;
  /** Which device computes which blocks, in their order. Absent: one computes them all. */
  readonly placements?: readonly DevicePlacement[];
  readonly threads: number;
  readonly config: ModelConfig;
  readonly span: Span;
  readonly ends: Ends;
  /** Type of most matrix bytes in memory, e.g. `q8_0`: part of the numeric kind. */
  readonly weightType: WeightType;
  readonly kvType: KvType;
  readonly weightBytes: number;
  /** Bytes that one cached token takes over all blocks of the span. */
  readonly kvBytesPerToken: number;
  readonly kvTokensMax: number;
}

/** Which rows of a step give logits. Each needs the head. */
export type LogitsRows = 'none' | 'last' | 'all';

/** One session's share of a batch. */
export interface StepItem {
  readonly session: SessionId;
  /** Position of the first row; equals the session's cached length. */
  readonly position: number;
  readonly rows: number;
  /** Token ids (needs the embedding), or hidden rows `[rows, hiddenSize]` of one type. */
  readonly input:
    | { readonly kind: 'tokens'; readonly tokens: Int32Array }
    | { readonly kind: 'hidden'; readonly type: HiddenType; readonly bytes: Uint8Array };
  readonly output: /** Hidden rows `[rows, hiddenSize]` after the session's last block. */
    | { readonly kind: 'hidden'; readonly type: HiddenType }
    /** Only the KV cache is wanted. */
    | { readonly kind: 'none' }
    /** `topK` 0 returns the full vocabulary. */
    | {
        readonly kind: 'logits';
        readonly rows: 'last' | 'all';
        readonly topK: number;
        /** A token for each row that gives logits: its logit is told too, best or not. */
        readonly targets?: Int32Array;
      };
  /**
   * Each row is a step of its own, computed with the others only because they are all known: it
   * gets the bits that it would get alone. For repeating what was computed row by row; gives hidden
   * rows or nothing, no logits. Default: the rows are a chunk.
   */
  readonly rowByRow?: boolean;
}

/** Logits of `rowCount` rows. */
export interface Logits {
  readonly rowCount: number;
  /** Candidates a row: `topK`, or the vocabulary size when full. */
  readonly width: number;
  /** `[rowCount, width]` token ids by descending logit; null when full (index = id). */
  readonly ids: Int32Array | null;
  /** `[rowCount, width]`. */
  readonly logits: Float32Array;
  /** `[rowCount]`: log of the sum of exp(logit) over the whole vocabulary. */
  readonly logNormalisers: Float32Array;
  /** `[rowCount]`: logits of the `targets` that were asked for; absent without any. */
  readonly targetLogits?: Float32Array;
}

export type StepOutput =
  | { readonly kind: 'hidden'; readonly type: HiddenType; readonly bytes: Uint8Array }
  | { readonly kind: 'none' }
  | { readonly kind: 'logits'; readonly logits: Logits };

/**
 * The outcome for one item. One item's failure (KV full, a wrong position) leaves the others
 * untouched; the session keeps its length from before the step.
 */
export type StepOutcome =
  | { readonly ok: true; readonly output: StepOutput }
  | { readonly ok: false; readonly error: Error };

export interface BatchOutcome {
  readonly outcomes: readonly StepOutcome[];
  /** Microseconds in compute, without queueing and transport. */
  readonly computeUs: number;
}

/** A piece of KV cache: `count` tokens from `position` of one block, in `type`. */
export interface KvChunk {
  readonly block: number;
  readonly position: number;
  readonly count: number;
  readonly type: KvType;
  /** `[count, kvHeadCount * headDim]` each, keys after rotation. */
  readonly keys: Uint8Array;
  readonly values: Uint8Array;
}

/** What a session uses of an engine, and how precisely. */
export interface SessionUse {
  readonly span: Span;
  readonly ends: Ends;
  /**
   * Precision of the residual stream at every block boundary. Default: `f32`, no rounding.
   *
   * The hidden rows are rounded to this type (nearest, ties to even) after the embedding and after
   * each block, before the next block, the head or an output reads them, whether or not the route
   * is cut there. Rows that travel between peers are rounded to the wire type anyway; if that
   * happened at the cuts alone, a generation would depend on where its route is cut, and change its
   * words after a reroute. With the wire type as `residualType`, a range of blocks gives the same
   * bits as any split of it.
   */
  readonly residualType?: HiddenType;
}

/** A loaded range of blocks, with the KV caches of the sessions on it. */
export interface Engine {
  readonly info: EngineInfo;
  /** Tokens that may still be cached. */
  readonly kvTokensFree: number;

  /**
   * Registers a session that uses `span` (within the engine's own) and the ends named.
   * @throws SkeinError `session-exists`, `not-hosting`, `bad-argument`
   */
  openSession(session: SessionId, use: SessionUse): void;

  /** Frees the session's cache. Unknown sessions are ignored. */
  closeSession(session: SessionId): void;

  /** Cached tokens of a session. @throws SkeinError `session-unknown` */
  length(session: SessionId): number;

  /**
   * Computes one ragged batch. Calls queue up; one batch is computed at a time.
   * @throws SkeinError `engine-failed` when native code aborted: every session is gone then
   */
  step(items: readonly StepItem[]): Promise<BatchOutcome>;

  /** Forgets all tokens from `position` on. @throws SkeinError `session-unknown`, `bad-argument` */
  truncate(session: SessionId, position: number): Promise<void>;

  /** Reads cached keys and values of one block, `[start, end)` tokens. */
  exportKv(
    session: SessionId,
    range: { block: number; start: number; end: number },
  ): Promise<KvChunk>;

  /**
   * Writes cached keys and values. After the last block of a range call {@link setLength}. Between
   * `f32` and `f16` they are converted; a `q8_0` cache takes and gives `q8_0` alone, since
   * rounding a cache a second time would change what the session says.
   * @throws SkeinError `session-unknown`, `bad-argument`
   */
  importKv(session: SessionId, chunk: KvChunk): Promise<void>;

  /** Declares that tokens `[0, length)` of every block were imported. @throws SkeinError `kv-full` */
  setLength(session: SessionId, length: number): Promise<void>;

  /**
   * Registers a listener for native failures. Sessions are lost at that moment; the engine loads
   * itself again and calls `onRestarted` when it can be used.
   */
  onFailure(listener: (event: EngineFailure) => void): void;

  /** Ends the engine and frees everything. Idempotent. */
  stop(): Promise<void>;
}

export type EngineFailure =
  | { readonly kind: 'failed'; readonly error: Error; readonly lostSessions: readonly SessionId[] }
  | { readonly kind: 'restarted'; readonly elapsedMs: number }
  | { readonly kind: 'gave-up'; readonly error: Error };

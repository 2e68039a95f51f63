/** What an engine must bring for {@link EngineCore}: everything else is the same for all engines. */
import type { EngineInfo, KvChunk, Span } from '@skein/protocol';
import type { BatchItem, RunOutput } from './batch.js';

/** Blocks of a model that are loaded and can be computed. Its callers have checked every number. */
export interface BlockComputer<Cache extends SessionCache> {
  readonly info: EngineInfo;
  /**
   * Rows that are steps of their own get the bits of single rows from one {@link compute}. Otherwise
   * they come one by one.
   */
  readonly joinsSingleRows: boolean;
  /** An empty cache for the blocks of a span; it takes no memory yet. */
  createCache(span: Span): Cache;
  /**
   * Computes a batch of one kind and caches its keys and values.
   * @returns an output for each item, in their order
   * @throws SkeinError `engine-failed`: nothing that is loaded can be trusted any more
   */
  compute(items: readonly BatchItem<Cache>[]): readonly RunOutput[] | Promise<readonly RunOutput[]>;
  /** Frees everything, the caches excepted. */
  stop(): void;
}

/** Keys and values of one session: tokens `[0, length)` of every block in a span. */
export interface SessionCache {
  /** Tokens that the block with the fewest, and with the most, holds. */
  readonly completeTokens: number;
  readonly heldTokens: number;
  /** Tokens that one block holds. */
  filledTokens(block: number): number;
  /** Declares that every block holds `[0, tokens)`, no more. */
  setFilled(tokens: number): void;
  /** Makes room for `tokens` in all. @throws SkeinError `kv-full` when there is no memory */
  reserve(tokens: number): void;
  /** Keys and values of one block, `[start, end)` tokens. */
  read(range: { block: number; start: number; end: number }): KvChunk | Promise<KvChunk>;
  /** Writes keys and values, converted to the cache's type. There must be no gap before them. */
  write(chunk: KvChunk): void | Promise<void>;
  /** Gives the memory back. */
  free(): void;
}

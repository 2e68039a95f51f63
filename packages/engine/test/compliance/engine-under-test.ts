import type { Engine, EngineOptions, KvType, WeightType } from '@skein/protocol';
import type { Golden } from '../support/golden.js';

/** An engine to which the contract applies, however it is put together. */
export interface EngineUnderTest {
  /** `tfjs on wasm, in its own process` */
  readonly name: string;
  /** What it says of itself. */
  readonly description: RegExp;
  /** Loads the engine, lends it and stops it. */
  lend<Result>(options: EngineOptions, use: (engine: Engine) => Promise<Result>): Promise<Result>;
  /** Models whose numbers are compared one by one. */
  readonly models: readonly Golden[];
  /** Caches that it can have. */
  readonly kvTypes: readonly KvType[];
  /** What it can be asked to hold weights in. */
  readonly weightTypes: readonly (WeightType | 'keep')[];
  /** Models whose routes are cut in all ways: golden ones by name, and `tiny-tales`. */
  readonly cutModels: readonly string[];
}

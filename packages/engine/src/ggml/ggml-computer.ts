/** Blocks on ggml, as `EngineCore` wants them. */
import type { EngineInfo, Span } from '@skein/protocol';
import type { BatchItem, RunOutput } from '../core/batch.js';
import type { BlockComputer } from '../core/block-computer.js';
import { GraphCache } from './graph/graph-cache.js';
import { KvCache } from './kv-cache.js';
import { KvPool } from './kv-store.js';
import {
  type LoadedModel,
  type LoadModelOptions,
  type LoadOverrides,
  loadModel,
} from './load-model.js';
import { runBatch } from './run-batch.js';

/** A span of a model on one of ggml's devices. */
export class GgmlComputer implements BlockComputer<KvCache> {
  readonly info: EngineInfo;
  readonly joinsSingleRows: boolean;
  private readonly pool: KvPool;
  private readonly graphs: GraphCache;

  private constructor(private readonly model: LoadedModel) {
    const { info, runtime, settings } = model;
    this.info = info;
    this.joinsSingleRows = model.joinsSingleRows;
    const idleTokensMax = info.kvTokensMax;
    const { unitOf } = model;
    this.pool = new KvPool(runtime.ggml, settings.kvLayout, { unitOf, idleTokensMax });
    this.graphs = new GraphCache(runtime, settings);
  }

  /** Loads the weights. Errors: see `loadModel`. */
  static async load(
    options: LoadModelOptions,
    overrides: LoadOverrides = {},
  ): Promise<GgmlComputer> {
    return new GgmlComputer(await loadModel(options, overrides));
  }

  createCache(span: Span): KvCache {
    const { runtime, settings } = this.model;
    return new KvCache(runtime.ggml, this.pool, settings.kvLayout, span);
  }

  compute(items: readonly BatchItem<KvCache>[]): readonly RunOutput[] {
    const batch = items.map((item) => ({
      ...item,
      cache: item.cache?.view(item.position + item.rows) ?? null,
    }));
    const outputs = runBatch(this.model, this.graphs, batch);
    return batch.map((item) => outputs.get(item) ?? null);
  }

  stop(): void {
    this.graphs.free();
    this.pool.freeIdle();
    this.model.free();
  }
}

/**
 * llama.cpp itself, from the same package as ggml: the oracle for tests and the yardstick of the
 * benchmarks. Not part of the engine. Its structures are those of `@node-llama-cpp` 3.22.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { LibraryHandle } from 'koffi';
import type { Address } from '../ggml/c-types.js';
import type { Ggml } from '../ggml/load-ggml.js';

export interface LibllamaOptions {
  readonly threads: number;
  readonly contextLength: number;
  readonly kvType: 'f32' | 'f16';
  /** Sequences that share the context, each with an equal part of it. Default: 1. */
  readonly sequences?: number;
}

/** Rows of one `llama_decode`. */
const batchRowsMax = 512;

type Call = ReturnType<LibraryHandle['func']>;
type Parameters = Record<string, unknown>;

/** A GGUF model in llama.cpp. */
export class Libllama {
  private constructor(
    private readonly api: LlamaApi,
    private readonly koffi: Ggml['koffi'],
    private readonly model: Address,
    private readonly context: Address,
    private readonly sizes: { hidden: number; vocab: number },
  ) {}

  /** Loads a model on the CPU. @throws Error when llama.cpp refuses it */
  static load(ggml: Ggml, path: string, options: LibllamaOptions): Libllama {
    const api = bindLlama(ggml);
    const modelParameters = api.llama_model_default_params() as Parameters;
    Object.assign(modelParameters, { n_gpu_layers: 0, use_extra_bufts: true, load_mode: 0 });
    const model = api.llama_model_load_from_file(path, modelParameters) as Address | null;
    if (model === null) throw new Error(`llama.cpp does not load ${path}`);
    const cacheType = options.kvType === 'f32' ? 0 : 1;
    const contextParameters = api.llama_context_default_params() as Parameters;
    Object.assign(contextParameters, {
      n_ctx: options.contextLength,
      n_batch: batchRowsMax,
      n_ubatch: batchRowsMax,
      n_seq_max: options.sequences ?? 1,
      n_threads: options.threads,
      n_threads_batch: options.threads,
      // With the fused attention llama.cpp would round an f32 cache to f16 first.
      flash_attn_type: options.kvType === 'f16' ? 1 : 0,
      type_k: cacheType,
      type_v: cacheType,
      embeddings: false,
      no_perf: true,
      offload_kqv: false,
      op_offload: false,
    });
    const context = api.llama_init_from_model(model, contextParameters) as Address | null;
    if (context === null) throw new Error('llama.cpp makes no context');
    const vocabulary = api.llama_model_get_vocab(model);
    const sizes = {
      hidden: api.llama_model_n_embd(model) as number,
      vocab: api.llama_vocab_n_tokens(vocabulary) as number,
    };
    return new Libllama(api, ggml.koffi, model, context, sizes);
  }

  /** Computes on a pool of the caller's, as the engine does. */
  attachThreadPool(pool: Address): void {
    this.api.llama_attach_threadpool(this.context, pool, pool);
  }

  /**
   * Runs rows through the whole model.
   * @param rows token ids, or hidden rows `[rows, hiddenSize]` in place of embeddings
   * @returns `[wanted rows, vocabSize]` logits
   */
  decode(
    rows: Int32Array | Float32Array,
    options: {
      position: number;
      logits: 'last' | 'all';
      /** Each row belongs to a sequence of its own, from 0 on, at the same position. */
      together?: boolean;
    },
  ): Float32Array {
    const { hidden, vocab } = this.sizes;
    const isTokens = rows instanceof Int32Array;
    const count = isTokens ? rows.length : rows.length / hidden;
    const batch = this.api.llama_batch_init(count, isTokens ? 0 : hidden, 1) as Record<
      'token' | 'embd' | 'pos' | 'n_seq_id' | 'seq_id' | 'logits',
      Address
    > & { n_tokens: number };
    const view = (address: Address, bytes: number) => this.koffi.view(address, bytes);
    batch.n_tokens = count;
    if (isTokens) new Int32Array(view(batch.token, count * 4)).set(rows);
    else new Float32Array(view(batch.embd, rows.byteLength)).set(rows);
    const positions = new Int32Array(view(batch.pos, count * 4));
    const wanted = new Int8Array(view(batch.logits, count));
    const sequences = new BigUint64Array(view(batch.seq_id, count * 8));
    new Int32Array(view(batch.n_seq_id, count * 4)).fill(1);
    for (let row = 0; row < count; row += 1) {
      positions[row] = options.position + (options.together ? 0 : row);
      wanted[row] = options.logits === 'all' || row === count - 1 ? 1 : 0;
      new Int32Array(view(sequences[row] as Address, 4))[0] = options.together ? row : 0;
    }
    const status = this.api.llama_decode(this.context, batch) as number;
    const wantedCount = options.logits === 'all' ? count : 1;
    const address = this.api.llama_get_logits(this.context) as Address;
    const logits = new Float32Array(view(address, wantedCount * vocab * 4)).slice();
    this.api.llama_batch_free(batch);
    if (status !== 0) throw new Error(`llama_decode returned ${status}`);
    return logits;
  }

  /** Forgets all tokens. */
  clear(): void {
    this.api.llama_memory_clear(this.api.llama_get_memory(this.context), false);
  }

  free(): void {
    this.api.llama_free(this.context);
    this.api.llama_model_free(this.model);
  }
}

type LlamaApi = Record<keyof typeof llamaFunctions, Call>;

/** Result, then arguments; capitalised names are the structures below. */
const llamaFunctions = {
  llama_model_default_params: ['ModelParameters'],
  llama_context_default_params: ['ContextParameters'],
  llama_model_load_from_file: ['void *', 'const char *', 'ModelParameters'],
  llama_init_from_model: ['void *', 'void *', 'ContextParameters'],
  llama_model_get_vocab: ['void *', 'void *'],
  llama_vocab_n_tokens: ['int32_t', 'void *'],
  llama_model_n_embd: ['int32_t', 'void *'],
  llama_batch_init: ['Batch', 'int32_t', 'int32_t', 'int32_t'],
  llama_batch_free: ['void', 'Batch'],
  llama_decode: ['int32_t', 'void *', 'Batch'],
  llama_get_logits: ['void *', 'void *'],
  llama_get_memory: ['void *', 'void *'],
  llama_memory_clear: ['void', 'void *', 'bool'],
  llama_attach_threadpool: ['void', 'void *', 'void *', 'void *'],
  llama_free: ['void', 'void *'],
  llama_model_free: ['void', 'void *'],
} as const;

const structures: Record<string, Record<string, string>> = {
  ModelParameters: {
    devices: 'void *',
    tensor_buft_overrides: 'void *',
    n_gpu_layers: 'int32_t',
    split_mode: 'int',
    load_mode: 'int',
    lazy_mode: 'int',
    main_gpu: 'int32_t',
    tensor_split: 'void *',
    progress_callback: 'void *',
    progress_callback_user_data: 'void *',
    kv_overrides: 'void *',
    vocab_only: 'bool',
    check_tensors: 'bool',
    use_extra_bufts: 'bool',
    no_host: 'bool',
    no_alloc: 'bool',
    load_mtp: 'bool',
  },
  ContextParameters: {
    n_ctx: 'uint32_t',
    n_batch: 'uint32_t',
    n_ubatch: 'uint32_t',
    n_seq_max: 'uint32_t',
    n_rs_seq: 'uint32_t',
    n_outputs_max: 'uint32_t',
    n_outputs_max_per_seq: 'uint32_t',
    n_threads: 'int32_t',
    n_threads_batch: 'int32_t',
    ctx_type: 'int',
    rope_scaling_type: 'int',
    pooling_type: 'int',
    attention_type: 'int',
    flash_attn_type: 'int',
    rope_freq_base: 'float',
    rope_freq_scale: 'float',
    yarn_ext_factor: 'float',
    yarn_attn_factor: 'float',
    yarn_beta_fast: 'float',
    yarn_beta_slow: 'float',
    yarn_orig_ctx: 'uint32_t',
    defrag_thold: 'float',
    cb_eval: 'void *',
    cb_eval_user_data: 'void *',
    type_k: 'int',
    type_v: 'int',
    abort_callback: 'void *',
    abort_callback_data: 'void *',
    embeddings: 'bool',
    offload_kqv: 'bool',
    no_perf: 'bool',
    op_offload: 'bool',
    swa_full: 'bool',
    kv_unified: 'bool',
    samplers: 'void *',
    n_samplers: 'size_t',
    ctx_other: 'void *',
  },
  Batch: {
    n_tokens: 'int32_t',
    token: 'void *',
    embd: 'void *',
    pos: 'void *',
    n_seq_id: 'void *',
    seq_id: 'void *',
    logits: 'void *',
  },
};

function bindLlama(ggml: Ggml): LlamaApi {
  const { folder } = ggml.libraries;
  const file = readdirSync(folder).find((name) =>
    /^(lib)?llama(\.[a-z]+)?(\.[vb][\d.]+)?\.(so|dylib|dll)$/.test(name),
  );
  if (file === undefined) throw new Error(`there is no libllama in ${folder}`);
  const library = ggml.koffi.load(join(folder, file));
  const types = new Map(
    Object.entries(structures).map(([name, fields]) => [name, ggml.koffi.struct(fields)]),
  );
  const spell = (name: string) => types.get(name) ?? name;
  // Otherwise llama.cpp writes every detail to standard error.
  const drop = ggml.koffi.register(
    () => {},
    ggml.koffi.pointer(ggml.koffi.proto('void', ['int', 'const char *', 'void *'])),
  );
  library.func('llama_log_set', 'void', ['void *', 'void *'])(drop, null);
  return Object.fromEntries(
    Object.entries(llamaFunctions).map(([name, [result, ...rest]]) => [
      name,
      library.func(name, spell(result), rest.map(spell)),
    ]),
  ) as LlamaApi;
}

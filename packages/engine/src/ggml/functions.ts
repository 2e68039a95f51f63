/**
 * The functions of ggml's C API that the engine calls, by name without the `ggml_` prefix: result
 * first, then arguments. The argument lists held from `@node-llama-cpp` 3.15 to 3.22.
 */
import type { Signature } from './c-types.js';

type Table = Record<string, Signature>;

/** Contexts, tensors and graphs: exported by `ggml-base`. */
export const graphFunctions = {
  version: ['text'],
  log_set: ['void', 'address', 'address?'],
  init: ['context?', 'contextParameters'],
  free: ['void', 'context'],
  reset: ['void', 'context'],
  tensor_overhead: ['size'],
  graph_overhead_custom: ['size', 'size', 'bool'],
  new_tensor_1d: ['tensor', 'context', 'int', 'int64'],
  new_tensor_2d: ['tensor', 'context', 'int', 'int64', 'int64'],
  new_tensor_3d: ['tensor', 'context', 'int', 'int64', 'int64', 'int64'],
  nbytes: ['size', 'tensor'],
  nrows: ['int64', 'tensor'],
  row_size: ['size', 'int', 'int64'],
  get_data: ['address?', 'tensor'],
  set_input: ['void', 'tensor'],
  set_output: ['void', 'tensor'],
  new_graph_custom: ['graph', 'context', 'size', 'bool'],
  build_forward_expand: ['void', 'graph', 'tensor'],
  graph_n_nodes: ['int', 'graph'],
} as const satisfies Table;

/** The operations that graphs are made of. */
export const tensorFunctions = {
  add: ['tensor', 'context', 'tensor', 'tensor'],
  mul: ['tensor', 'context', 'tensor', 'tensor'],
  rms_norm: ['tensor', 'context', 'tensor', 'float'],
  mul_mat: ['tensor', 'context', 'tensor', 'tensor'],
  // (context, matrices, rows, indices of the matrices for each row)
  mul_mat_id: ['tensor', 'context', 'tensor', 'tensor', 'tensor'],
  swiglu: ['tensor', 'context', 'tensor'],
  swiglu_split: ['tensor', 'context', 'tensor', 'tensor'],
  // (context, rows of each chosen matrix, biases of all matrices, indices)
  add_id: ['tensor', 'context', 'tensor', 'tensor', 'tensor'],
  // (context, gate, up, slope of the sigmoid, limit)
  swiglu_oai: ['tensor', 'context', 'tensor', 'tensor', 'float', 'float'],
  div: ['tensor', 'context', 'tensor', 'tensor'],
  sqr: ['tensor', 'context', 'tensor'],
  tanh: ['tensor', 'context', 'tensor'],
  sigmoid: ['tensor', 'context', 'tensor'],
  scale: ['tensor', 'context', 'tensor', 'float'],
  scale_bias: ['tensor', 'context', 'tensor', 'float', 'float'],
  sum_rows: ['tensor', 'context', 'tensor'],
  argsort_top_k: ['tensor', 'context', 'tensor', 'int'],
  get_rows: ['tensor', 'context', 'tensor', 'tensor'],
  set_rows: ['tensor', 'context', 'tensor', 'tensor', 'tensor'],
  cast: ['tensor', 'context', 'tensor', 'int'],
  cont: ['tensor', 'context', 'tensor'],
  concat: ['tensor', 'context', 'tensor', 'tensor', 'int'],
  transpose: ['tensor', 'context', 'tensor'],
  permute: ['tensor', 'context', 'tensor', 'int', 'int', 'int', 'int'],
  reshape_2d: ['tensor', 'context', 'tensor', 'int64', 'int64'],
  reshape_3d: ['tensor', 'context', 'tensor', 'int64', 'int64', 'int64'],
  view_1d: ['tensor', 'context', 'tensor', 'int64', 'size'],
  view_2d: ['tensor', 'context', 'tensor', 'int64', 'int64', 'size', 'size'],
  view_3d: ['tensor', 'context', 'tensor', 'int64', 'int64', 'int64', 'size', 'size', 'size'],
  // (context, x, four extents from the innermost, three strides, offset)
  view_4d: [
    'tensor',
    'context',
    'tensor',
    'int64',
    'int64',
    'int64',
    'int64',
    'size',
    'size',
    'size',
    'size',
  ],
  // (context, x, positions, frequency divisors, dimensions, mode, original context,
  //  base, scale, extrapolation mix, magnitude, beta fast, beta slow)
  rope_ext: [
    'tensor',
    'context',
    'tensor',
    'tensor',
    'tensor?',
    'int',
    'int',
    'int',
    'float',
    'float',
    'float',
    'float',
    'float',
    'float',
  ],
  soft_max: ['tensor', 'context', 'tensor'],
  soft_max_add_sinks: ['void', 'tensor', 'tensor?'],
  flash_attn_ext_add_sinks: ['void', 'tensor', 'tensor?'],
  soft_max_ext: ['tensor', 'context', 'tensor', 'tensor?', 'float', 'float'],
  // (context, queries, keys, values, mask, scale, maximum bias, soft cap)
  flash_attn_ext: [
    'tensor',
    'context',
    'tensor',
    'tensor',
    'tensor',
    'tensor?',
    'float',
    'float',
    'float',
  ],
} as const satisfies Table;

/** Devices, buffers and computation: exported by `ggml-base`. */
export const backendFunctions = {
  backend_free: ['void', 'backend'],
  backend_get_default_buffer_type: ['bufferType', 'backend'],
  backend_graph_compute: ['int', 'backend', 'graph'],
  backend_synchronize: ['void', 'backend'],
  backend_alloc_ctx_tensors_from_buft: ['buffer?', 'context', 'bufferType'],
  backend_buffer_free: ['void', 'buffer'],
  backend_buffer_clear: ['void', 'buffer', 'byte'],
  backend_buffer_get_size: ['size', 'buffer'],
  backend_buffer_set_usage: ['void', 'buffer', 'int'],
  backend_buft_name: ['text', 'bufferType'],
  backend_tensor_alloc: ['int', 'buffer', 'tensor', 'address'],
  backend_tensor_set: ['void', 'tensor', 'source', 'size', 'size'],
  backend_tensor_get: ['void', 'tensor', 'bytes', 'size', 'size'],
  backend_tensor_copy: ['void', 'tensor', 'tensor'],
  backend_view_init: ['int', 'tensor'],
  backend_dev_name: ['text', 'device'],
  backend_dev_description: ['text', 'device'],
  backend_dev_type: ['int', 'device'],
  backend_dev_memory: ['void', 'device', 'bytes', 'bytes'],
  backend_dev_init: ['backend?', 'device', 'text?'],
  backend_dev_backend_reg: ['registry', 'device'],
  backend_dev_supports_op: ['bool', 'device', 'tensor'],
  backend_dev_buffer_from_host_ptr: ['buffer?', 'device', 'address', 'size', 'size'],
  backend_reg_name: ['text', 'registry'],
  backend_reg_get_proc_address: ['address?', 'registry', 'text'],
  gallocr_new: ['allocator', 'bufferType'],
  gallocr_free: ['void', 'allocator'],
  gallocr_reserve: ['bool', 'allocator', 'graph'],
  gallocr_alloc_graph: ['bool', 'allocator', 'graph'],
  gallocr_get_buffer_size: ['size', 'allocator', 'int'],
  // (backends, buffer types or null, count, graph size, parallel, offload operations)
  backend_sched_new: ['scheduler', 'bytes', 'bytes?', 'int', 'size', 'bool', 'bool'],
  backend_sched_free: ['void', 'scheduler'],
  backend_sched_reset: ['void', 'scheduler'],
  backend_sched_reserve: ['bool', 'scheduler', 'graph'],
  backend_sched_alloc_graph: ['bool', 'scheduler', 'graph'],
  backend_sched_graph_compute: ['int', 'scheduler', 'graph'],
  threadpool_params_init: ['void', 'bytes', 'int'],
} as const satisfies Table;

/** Conversion of weights: exported by `ggml-base`. */
export const conversionFunctions = {
  // (type, f32 source, target, first element, rows, columns, importance matrix)
  quantize_chunk: ['size', 'int', 'bytes', 'bytes', 'int64', 'int64', 'int64', 'bytes?'],
  fp16_to_fp32_row: ['void', 'bytes', 'bytes', 'int64'],
  fp32_to_fp16_row: ['void', 'bytes', 'bytes', 'int64'],
  bf16_to_fp32_row: ['void', 'bytes', 'bytes', 'int64'],
} as const satisfies Table;

/** Devices that are present: exported by `ggml`, the registry library. */
export const registryFunctions = {
  backend_load_all_from_path: ['void', 'text'],
  backend_dev_count: ['size'],
  backend_dev_get: ['device', 'size'],
} as const satisfies Table;

/** `(quantised, f32, elements)`: exported by `ggml-base` without the prefix. */
export const dequantiseFunctions = {
  dequantize_row_q4_0: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q4_1: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q5_0: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q5_1: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q8_0: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q2_K: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q3_K: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q4_K: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q5_K: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_q6_K: ['void', 'bytes', 'bytes', 'int64'],
  dequantize_row_mxfp4: ['void', 'bytes', 'bytes', 'int64'],
} as const satisfies Table;

/** Absent from some versions; the engine does without them. */
export const optionalFunctions = {
  mul_mat_set_prec: ['void', 'tensor', 'int'],
  flash_attn_ext_set_prec: ['void', 'tensor', 'int'],
} as const satisfies Table;

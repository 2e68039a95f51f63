/** Conversion of weight rows between storage types, through f32. */
import type { WeightType } from '@skein/protocol';
import { callOffThread, type Ggml } from '../load-ggml.js';
import { typeIds } from '../type-ids.js';

/** A number of rows to convert. */
export interface RowsToConvert {
  readonly from: WeightType;
  readonly to: WeightType;
  readonly rows: number;
  readonly columns: number;
  readonly source: Uint8Array;
  readonly target: Uint8Array;
  /** Room for `rows * columns` elements. */
  readonly scratch: Float32Array;
}

/** Converts on worker threads: several conversions may run at once, each with its own memory. */
export async function convertRows(ggml: Ggml, work: RowsToConvert): Promise<void> {
  const { from, to, rows, columns, source, target, scratch } = work;
  const elements = rows * columns;
  if (from === 'f32') {
    await quantise(ggml, work, new Uint8Array(source.buffer, source.byteOffset, elements * 4));
    return;
  }
  const isDirect = to === 'f32';
  await callOffThread(widener(ggml, from), source, isDirect ? target : scratch, elements);
  if (!isDirect) await quantise(ggml, work, scratch);
}

async function quantise(
  ggml: Ggml,
  { to, rows, columns, target }: RowsToConvert,
  values: Uint8Array | Float32Array,
): Promise<void> {
  const type = typeIds[to];
  await callOffThread(ggml.quantize_chunk, type, values, target, 0, rows, columns, null);
}

/** The function that turns elements of a type into f32. */
function widener(ggml: Ggml, type: Exclude<WeightType, 'f32'>) {
  switch (type) {
    case 'f16':
      return ggml.fp16_to_fp32_row;
    case 'bf16':
      return ggml.bf16_to_fp32_row;
    case 'q4_0':
      return ggml.dequantize_row_q4_0;
    case 'q4_1':
      return ggml.dequantize_row_q4_1;
    case 'q5_0':
      return ggml.dequantize_row_q5_0;
    case 'q5_1':
      return ggml.dequantize_row_q5_1;
    case 'q8_0':
      return ggml.dequantize_row_q8_0;
    case 'q2_k':
      return ggml.dequantize_row_q2_K;
    case 'q3_k':
      return ggml.dequantize_row_q3_K;
    case 'q4_k':
      return ggml.dequantize_row_q4_K;
    case 'q5_k':
      return ggml.dequantize_row_q5_K;
    case 'q6_k':
      return ggml.dequantize_row_q6_K;
    case 'mxfp4':
      return ggml.dequantize_row_mxfp4;
  }
}

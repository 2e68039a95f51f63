import type { WeightType } from '@skein/protocol';

/**
 * Numbers of the GGUF format.
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */

export const ggufMagic = 'GGUF';
/** Version 2 and 3 differ only in that 3 may be big-endian, which is refused here. */
export const ggufVersions: readonly number[] = [2, 3];
export const ggufDefaultAlignment = 32;

/** Types of metadata values, by their number in the file. */
export const ggufValueTypes = [
  'uint8',
  'int8',
  'uint16',
  'int16',
  'uint32',
  'int32',
  'float32',
  'bool',
  'string',
  'array',
  'uint64',
  'int64',
  'float64',
] as const;
export type GgufValueType = (typeof ggufValueTypes)[number];
export type GgufNumberType = Exclude<GgufValueType, 'bool' | 'string' | 'array'>;

/** Bytes of a number. */
export const ggufNumberBytes: Readonly<Record<GgufNumberType, number>> = {
  uint8: 1,
  int8: 1,
  uint16: 2,
  int16: 2,
  uint32: 4,
  int32: 4,
  float32: 4,
  uint64: 8,
  int64: 8,
  float64: 8,
};

/** ggml's number of each type that Skein computes with (`enum ggml_type`). */
export const ggmlTypeIds: Readonly<Record<WeightType, number>> = {
  f32: 0,
  f16: 1,
  q4_0: 2,
  q4_1: 3,
  q5_0: 6,
  q5_1: 7,
  q8_0: 8,
  q2_k: 10,
  q3_k: 11,
  q4_k: 12,
  q5_k: 13,
  q6_k: 14,
  bf16: 30,
  mxfp4: 39,
};

/** Names of further types that published files use, for error messages. */
const otherGgmlTypes: Readonly<Record<number, string>> = {
  9: 'Q8_1',
  15: 'Q8_K',
  16: 'IQ2_XXS',
  17: 'IQ2_XS',
  18: 'IQ3_XXS',
  19: 'IQ1_S',
  20: 'IQ4_NL',
  21: 'IQ3_S',
  22: 'IQ2_S',
  23: 'IQ4_XS',
  24: 'I8',
  25: 'I16',
  26: 'I32',
  27: 'I64',
  28: 'F64',
  29: 'IQ1_M',
  34: 'TQ1_0',
  35: 'TQ2_0',
};

const weightTypesById: ReadonlyMap<number, WeightType> = new Map(
  Object.entries(ggmlTypeIds).map(([type, id]) => [id, type as WeightType]),
);

/** The type with ggml's number `id`, or null for one that Skein does not compute with. */
export function weightTypeOfGgml(id: number): WeightType | null {
  return weightTypesById.get(id) ?? null;
}

/** What people call the type with ggml's number `id`. */
export function ggmlTypeName(id: number): string {
  return weightTypesById.get(id)?.toUpperCase() ?? otherGgmlTypes[id] ?? `ggml type ${id}`;
}

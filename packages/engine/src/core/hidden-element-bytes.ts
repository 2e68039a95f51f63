import type { HiddenType } from '@skein/protocol';

/** Bytes of one element of a hidden row. */
export const hiddenElementBytes: Readonly<Record<HiddenType, number>> = { f32: 4, f16: 2, bf16: 2 };

/** Tells a type's name from whatever else; a list of one name would pass for a key. */
export function isHiddenType(type: unknown): type is HiddenType {
  return typeof type === 'string' && Object.hasOwn(hiddenElementBytes, type);
}

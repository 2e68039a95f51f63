import type { HiddenType } from '@skein/protocol';

/** Bytes of one element of a hidden row. */
export const hiddenElementBytes: Readonly<Record<HiddenType, number>> = { f32: 4, f16: 2, bf16: 2 };

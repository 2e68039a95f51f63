import type { KvType, TensorType } from '@skein/protocol';

/** How keys and values of each type travel: the rows of a `q8_0` cache are `int8` rows as they are. */
const wireTypes = { f32: 'f32', f16: 'f16', q8_0: 'int8' } as const satisfies Record<
  KvType,
  TensorType
>;

/** The type of tensor that carries keys and values of a cache. */
export function kvWireType(type: KvType): TensorType {
  return wireTypes[type];
}

/** The type of cache that a tensor's rows are of; null where they are no keys or values. */
export function kvTypeOfWire(type: TensorType): KvType | null {
  const found = Object.entries(wireTypes).find(([, wire]) => wire === type);
  return found === undefined ? null : (found[0] as KvType);
}

import { createSessionId, type SessionId } from '@skein/protocol';

/** Draws from one seed. */
export class Draw {
  constructor(private readonly random: () => number) {}

  /** A whole number in `[0, count)`. */
  below(count: number): number {
    return Math.floor(this.random() * count);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  oneOf<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }

  /** Bytes of all patterns, infinities and NaNs of any float among them. */
  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
  }
}

/** What stands where a number should, now and then. */
export const hostileNumbers: readonly unknown[] = [
  ...[-1, -0, 0.5, -0.5, 1e-300, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[2 ** 31, 2 ** 31 - 1, -(2 ** 31), 2 ** 32, 2 ** 32 + 1, 2 ** 53, 1e308, 513, 4097],
  ...[null, undefined, '1', '', [], [1], {}, true],
];

/** What stands where the name of a type or a kind should. */
export const hostileNames: readonly unknown[] = [
  ...[
    'int8',
    'f64',
    '',
    'F32',
    'constructor',
    '__proto__',
    'toString',
    'tokens',
    'x'.repeat(5_000),
  ],
  ...[null, undefined, 0, 1, {}, ['f32']],
];

/** What stands where a session's id should. */
export const hostileSessions: readonly unknown[] = [
  ...['', 'me', '0'.repeat(31), 'G'.repeat(32), '__proto__', 'x'.repeat(100_000)],
  ...[null, undefined, 5, {}, ['0'.repeat(32)]],
];

/** What stands where an object or a list should. */
export const hostileObjects: readonly unknown[] = [null, undefined, 5, 'x', [], {}, () => 1];

/** Bytes that are none. */
export const hostileBytes: readonly unknown[] = [
  ...[null, undefined, 'bytes', 5, [], [1, 2, 3], {}, { byteLength: 4 }],
  ...[new ArrayBuffer(8), new Float32Array(4), new Uint8Array(0), new Uint8Array(3)],
];

export function unknownSession(): SessionId {
  return createSessionId();
}

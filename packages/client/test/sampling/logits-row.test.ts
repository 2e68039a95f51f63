import type { Logits } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { logitsRow } from '../../src/sampling/index.js';

const top: Logits = {
  rowCount: 2,
  width: 2,
  ids: Int32Array.of(3, 1, 0, 2),
  logits: Float32Array.of(4, 3, 2, 1),
  logNormalisers: Float32Array.of(5, 4),
};
const full: Logits = { ...top, ids: null };

describe('logitsRow', () => {
  it('takes out one row', () => {
    expect(logitsRow(top, { rowIndex: 1, vocabSize: 9 })).toEqual({
      kind: 'top',
      ids: Int32Array.of(0, 2),
      logits: Float32Array.of(2, 1),
      logNormaliser: 4,
      vocabSize: 9,
    });
    expect(logitsRow(full, { rowIndex: 0, vocabSize: 2 })).toEqual({
      kind: 'full',
      logits: Float32Array.of(4, 3),
      logNormaliser: 5,
    });
  });

  it('refuses rows that are not there and widths that do not fit', () => {
    expect(() => logitsRow(top, { rowIndex: 2, vocabSize: 9 })).toThrow('no row 2 among 2');
    expect(() => logitsRow(full, { rowIndex: 0, vocabSize: 3 })).toThrow('2 logits of 3');
    const short = { ...top, logits: Float32Array.of(1) };
    expect(() => logitsRow(short, { rowIndex: 1, vocabSize: 9 })).toThrow('fewer logits');
  });
});

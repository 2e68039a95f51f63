import { describe, expect, it } from 'vitest';
import {
  engineNames,
  formatNumericKind,
  kvTypes,
  numericTolerance,
  parseNumericKind,
  weightTypes,
} from '../src/index.js';

describe('numeric kinds', () => {
  it('read as they are written, whatever their parts', () => {
    for (const weightType of weightTypes) {
      for (const kvType of kvTypes) {
        for (const engine of engineNames) {
          const kind = { weightType, kvType, engine };
          expect(parseNumericKind(formatNumericKind(kind))).toEqual(kind);
        }
      }
    }
  });

  it('do not name ggml, which was there first', () => {
    expect(formatNumericKind({ weightType: 'q8_0', kvType: 'f16' })).toBe('q8_0/f16');
    const other = { weightType: 'f32', kvType: 'f16', engine: 'tfjs' } as const;
    expect(formatNumericKind(other)).toBe('f32/f16/tfjs');
  });

  it.each([
    '',
    'q8_0',
    'q8_0/',
    'q9/f16',
    'f32/f64',
    'f32/f16/',
    'f32/f16/tfjs/2',
    'constructor/f16',
  ])('that nobody knows say nothing: "%s"', (text) => {
    expect(parseNumericKind(text)).toBeNull();
    expect(numericTolerance(text)).toBeNull();
  });

  it('state how precise they are', () => {
    expect(numericTolerance('f32/f32')).toBe(1e-4);
    expect(numericTolerance('f32/f32/tfjs')).toBe(numericTolerance('f32/f32'));
    const ordered = ['f32/f32', 'f32/f16', 'bf16/f16', 'q8_0/f16', 'q4_0/q8_0'];
    const tolerances = ordered.map((kind) => numericTolerance(kind) as number);
    expect(tolerances).toEqual([...tolerances].sort((a, b) => a - b));
  });
});

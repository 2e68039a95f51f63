import { describe, expect, it } from 'vitest';
import {
  coverKinds,
  coverModel,
  judgeModel,
  type ServedPart,
  weakestRange,
} from '../../src/observer/describe/model-health.js';

const blockCount = 8;

function part(start: number, end: number, fields: Partial<ServedPart> = {}): ServedPart {
  return {
    span: { start, end },
    ends: { embedding: start === 0, head: end === blockCount },
    numericKind: 'f16/f16',
    decodeBlocksPerSecond: 100,
    ...fields,
  };
}

function judge(parts: readonly ServedPart[]) {
  return judgeModel(coverModel(parts, blockCount), coverKinds(parts, blockCount));
}

describe('the health of a model', () => {
  it('is broken where nobody hosts anything', () => {
    expect(judge([])).toEqual({
      health: 'broken',
      headline: 'nobody hosts any of the 8 blocks',
    });
  });

  it('names what is missing, in ranges', () => {
    expect(judge([part(0, 3), part(4, 6)])).toEqual({
      health: 'broken',
      headline: 'nobody hosts block 3, blocks 6:8, the head',
    });
  });

  it('is broken without an end, whatever blocks there are', () => {
    const headless = part(0, 8, { ends: { embedding: true, head: false } });
    expect(judge([headless])).toEqual({ health: 'broken', headline: 'nobody hosts the head' });
  });

  it('is degraded where a block hangs on one peer', () => {
    expect(judge([part(0, 8), part(0, 5), part(6, 8)])).toEqual({
      health: 'degraded',
      headline: 'all 8 blocks served; weakest is block 5 with 1 peer',
    });
  });

  it('is healthy where every part has two peers', () => {
    expect(judge([part(0, 8), part(0, 8)])).toEqual({
      health: 'healthy',
      headline: 'all 8 blocks served; weakest is block 0 with 2 peers',
    });
  });

  it('is degraded where one peer alone has an end', () => {
    const headless = part(0, 8, { ends: { embedding: true, head: false } });
    expect(judge([part(0, 8), headless])).toEqual({
      health: 'degraded',
      headline: 'all 8 blocks served; weakest is block 0 with 2 peers; 1 peer has the head',
    });
  });

  it('is broken where only peers of different kinds together have all blocks', () => {
    const other = part(4, 8, { numericKind: 'q4_0/f16' });
    expect(judge([part(0, 4), part(0, 4), other])).toEqual({
      health: 'broken',
      headline:
        'all 8 blocks served, but no numeric kind has them all; ' +
        'f16/f16 lacks blocks 4:8, the head',
    });
  });

  it('does not count peers of another kind as reserves', () => {
    const other = part(0, 8, { numericKind: 'q4_0/f16' });
    expect(judge([part(0, 8), other]).health).toBe('degraded');
  });

  it('takes the slowest of the blocks with the fewest peers for the weakest', () => {
    const { weakest } = coverModel(
      [part(0, 4), part(4, 8, { decodeBlocksPerSecond: 50 })],
      blockCount,
    );
    expect(weakest).toEqual({ block: 4, peers: 1, stepsPerSecond: 12.5 });
  });

  it('offers a newcomer the range around the weakest block', () => {
    const covered = coverModel([part(0, 8), part(0, 3), part(5, 8)], blockCount);
    expect(weakestRange(covered)).toEqual({ start: 3, end: 5 });
  });
});

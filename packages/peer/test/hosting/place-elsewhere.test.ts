import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { kvBytesPerToken } from '../../src/hosting/capacity.js';
import { bytesPerBlock, openHostedModel } from '../../src/hosting/hosted-model.js';
import { type Placement, placeElsewhere } from '../../src/hosting/place-peer.js';
import { roomFor } from '../../src/hosting/room-for.js';

const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
const model = await openHostedModel(modelPath, {});
const { blockCount } = model.file.config;
const before: Placement = {
  span: { start: 0, end: 4 },
  ends: { embedding: true, head: false },
  kvTokensMax: 600,
  capacityBlocks: 4,
  reason: 'at the beginning',
};

describe('a peer on another span', () => {
  it('has the ends that it touches, and a cache of the same memory', () => {
    const span = { start: blockCount - 2, end: blockCount };
    const after = placeElsewhere(before, span, { options: {}, model });
    expect(after).toMatchObject({
      span,
      ends: { embedding: false, head: true },
      kvTokensMax: 1200,
      capacityBlocks: 4,
    });
  });

  it('has the cache that it was told to have', () => {
    const options = { kvTokensMax: 77 };
    const after = placeElsewhere(before, { start: 1, end: 2 }, { options, model });
    expect(after.kvTokensMax).toBe(77);
  });

  it('needs its weights and its cache beside what is there', () => {
    const cacheBytes = 600 * kvBytesPerToken(model.file.config, { blocks: 4, kvType: 'f16' });
    const neededBytes = 4 * bytesPerBlock(model.file, 'keep') + cacheBytes;
    const roomWith = (freeBytes: number) =>
      roomFor(before, { options: { freeBytes: () => freeBytes }, model });
    expect(roomWith(2 * neededBytes)).toEqual({
      neededBytes,
      freeBytes: 2 * neededBytes,
      isEnough: true,
    });
    // All of the memory is not for it.
    expect(roomWith(neededBytes).isEnough).toBe(false);
  });
});

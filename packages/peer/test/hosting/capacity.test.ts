import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  chooseBlockCount,
  chooseKvTokensMax,
  fitsBeside,
  kvBytesPerToken,
  rescaleKvTokensMax,
} from '../../src/hosting/capacity.js';
import { bytesPerBlock, openHostedModel } from '../../src/hosting/hosted-model.js';
import { publishedAddresses } from '../../src/published-addresses.js';

const GiB = 1024 ** 3;

describe('capacity', () => {
  it('counts the bytes of a cached token', () => {
    const shape = { kvHeadCount: 8, headDim: 128 };
    expect(kvBytesPerToken(shape, { blocks: 36, kvType: 'f16' })).toBe(147_456);
    expect(kvBytesPerToken(shape, { blocks: 1, kvType: 'f32' })).toBe(8192);
  });

  it('keeps the memory of the cache when the number of blocks changes', () => {
    const before = { kvTokensMax: 4096, blocksBefore: 4, contextLength: 2048 };
    expect(rescaleKvTokensMax({ ...before, blocks: 8 })).toBe(2048);
    expect(rescaleKvTokensMax({ ...before, blocks: 2 })).toBe(8192);
    // No less than a short conversation, no more than is useful.
    expect(rescaleKvTokensMax({ ...before, blocks: 400 })).toBe(512);
    expect(rescaleKvTokensMax({ ...before, kvTokensMax: 16_384, blocks: 1 })).toBe(16_384);
  });

  it('holds a second span where it leaves memory for the rest of the machine', () => {
    expect(fitsBeside({ neededBytes: 84, freeBytes: 100 })).toBe(true);
    expect(fitsBeside({ neededBytes: 86, freeBytes: 100 })).toBe(false);
  });

  it('gives the cache a share of the memory, no more than is useful, no less than works', () => {
    const bytesPerToken = 147_456;
    const contextLength = 40_960;
    const tokens = (freeBytes: number) =>
      chooseKvTokensMax({ freeBytes, bytesPerToken, contextLength });
    expect(tokens(16 * GiB)).toBe(Math.floor((4 * GiB) / bytesPerToken));
    expect(tokens(1024 * GiB)).toBe(8 * contextLength);
    expect(tokens(0)).toBe(512);
  });

  it('hosts the blocks that fit, at least one', () => {
    const blocks = (freeBytes: number) =>
      chooseBlockCount({ freeBytes, bytesPerBlock: GiB / 4, blockCount: 36 });
    expect(blocks(10 * GiB)).toBe(24);
    expect(blocks(100 * GiB)).toBe(36);
    expect(blocks(1)).toBe(1);
  });

  it('knows what a block of a model takes', async () => {
    const path = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
    const { file, parts, manifest } = await openHostedModel(path, { name: undefined });
    expect(manifest.name).toBe('tiny-tales');
    const stored = bytesPerBlock(file, 'keep');
    expect(stored).toBeGreaterThan(1000);
    expect(bytesPerBlock(file, 'q8_0')).toBeLessThan(stored);
    expect(parts.parts.manifest?.byteLength).toBeGreaterThan(0);
  });
});

describe('addresses to tell others', () => {
  it('leave out loopback ones where there are others', () => {
    const [local, lan] = ['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.2/tcp/1'];
    expect(publishedAddresses([local, lan])).toEqual([lan]);
    expect(publishedAddresses([local, '/ip6/::1/tcp/1'])).toHaveLength(2);
    expect(publishedAddresses(Array(20).fill(lan))).toHaveLength(16);
  });
});

import type { EngineOptions, KvType } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { exactOptions } from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import type { EngineUnderTest } from './engine-under-test.js';

/** Loading tells of its progress, can be stopped, and refuses what it cannot load. */
export function describeLoading(subject: EngineUnderTest): void {
  const golden = readGolden('llama3-gqa-bf16');

  describe('weights', () => {
    it('tell of their progress, up to all bytes', async () => {
      const seen: number[] = [];
      let total = 0;
      const onProgress: EngineOptions['onProgress'] = ({ loadedBytes, totalBytes }) => {
        seen.push(loadedBytes);
        total = totalBytes;
      };
      await subject.lend(exactOptions(golden, { onProgress }), async (engine) => {
        expect(total).toBe(engine.info.weightBytes);
        expect(seen.at(-1)).toBe(total);
        expect(seen).toEqual([...seen].sort((a, b) => a - b));
      });
    });

    it('stop loading when they are told to', async () => {
      const abort = new AbortController();
      abort.abort();
      const options = exactOptions(golden, { signal: abort.signal });
      await expect(subject.lend(options, async () => {})).rejects.toMatchObject({
        code: 'aborted',
      });
    });

    it('are refused for a span that the model does not have', async () => {
      const options = exactOptions(golden, { span: { start: 2, end: 9 } });
      await expect(subject.lend(options, async () => {})).rejects.toMatchObject({
        code: 'bad-argument',
      });
    });
  });

  it('says what it is', async () => {
    await subject.lend(exactOptions(golden), async ({ info, kvTokensFree }) => {
      expect(info.description).toMatch(subject.description);
      const { kvHeadCount, headDim, blockCount } = info.config;
      expect(info).toMatchObject({ weightType: 'f32', kvType: 'f32', device: 'cpu' });
      expect(info.kvBytesPerToken).toBe(2 * 4 * blockCount * kvHeadCount * headDim);
      expect(kvTokensFree).toBe(info.kvTokensMax);
    });
  });

  describe('what cannot be loaded', () => {
    it.each([
      ['no model', { modelPath: '/nowhere' }, 'model-unknown'],
      ['blocks beyond the last', { span: { start: 0, end: 99 } }, 'bad-argument'],
      ['blocks that are no numbers', { span: { start: 0, end: 1.5 } }, 'bad-argument'],
      ['a cache of no size', { kvTokensMax: Number.NaN }, 'bad-argument'],
      ['a cache of an unknown type', { kvType: 'f64' as KvType }, 'bad-argument'],
    ] as const)('is refused: %s', async (_what, changes, code) => {
      const options = exactOptions(golden, changes);
      await expect(subject.lend(options, async () => {})).rejects.toMatchObject({ code });
    });
  });
}

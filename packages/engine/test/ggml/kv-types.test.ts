import { createSessionId, type Engine, type SessionId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { EngineCore } from '../../src/core/engine-core.js';
import { GgmlComputer } from '../../src/ggml/ggml-computer.js';
import {
  createItem,
  exactOptions,
  fullLogits,
  logitsOf,
  noOutput,
  openSession,
  outputOf,
  run,
  withEngine,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';

/** Largest error of a logit, a few times what was measured on these models. */
const tolerance = 2e-1;

/** Heads of 32 and 16 elements: only the first can be cached in blocks of 32. */
const golden = readGolden('qwen3-qknorm-f32');
const narrowHeads = readGolden('llama2-f32');

const { prompt } = golden;

/** Caches the prompt of the golden model. */
async function prefill(engine: Engine): Promise<SessionId> {
  const session = openSession(engine);
  await run(engine, createItem(engine, session, prompt, noOutput));
  return session;
}

describe('a KV cache in q8_0', () => {
  const options = exactOptions(golden, { kvType: 'q8_0' });

  it('takes 34 bytes for 32 elements', async () => {
    await withEngine(options, async ({ info }) => {
      const { kvHeadCount, headDim, blockCount } = info.config;
      expect(info.kvBytesPerToken).toBe(2 * blockCount * ((kvHeadCount * headDim) / 32) * 34);
    });
  });

  it('gives the same in primitives, but for rounding', async () => {
    const loading = GgmlComputer.load({ ...options, device: 'cpu' }, { attention: 'plain' });
    const core = new EngineCore(await loading);
    const session = createSessionId();
    core.openSession(session, core.info);
    const item = {
      session,
      position: 0,
      rows: prompt.length,
      input: { kind: 'tokens', tokens: prompt },
      output: fullLogits('all'),
    } as const;
    const { logits } = logitsOf(outputOf((await core.step([item])).outcomes[0]));
    await core.stop();
    expect(relativeError(logits, golden.logits)).toBeLessThan(tolerance);
  });

  it('grows without changing a number', async () => {
    await withEngine(options, async (engine) => {
      const tokens = Int32Array.from({ length: 150 }, (_, index) => (index * 7) % golden.vocabSize);
      const [grown, whole] = [openSession(engine), openSession(engine)];
      for (let start = 0; start < tokens.length; start += 50) {
        const part = tokens.subarray(start, start + 50);
        await run(engine, createItem(engine, grown, part, noOutput));
      }
      await run(engine, createItem(engine, whole, tokens, noOutput));
      const range = { block: 0, start: 0, end: tokens.length };
      // Block 0 sees the embeddings alone, so its cache does not depend on how the rows came.
      expect(await engine.exportKv(grown, range)).toEqual(await engine.exportKv(whole, range));
    });
  });

  it.each([
    ['q8_0', 'f16'],
    ['f16', 'q8_0'],
    ['q8_0', 'f32'],
  ] as const)('does not go from %s to %s', async (source, target) => {
    await withEngine({ ...options, kvType: source }, async (from) => {
      await withEngine({ ...options, kvType: target }, async (to) => {
        const session = await prefill(from);
        const chunk = await from.exportKv(session, { block: 0, start: 0, end: 4 });
        await expect(to.importKv(openSession(to), chunk)).rejects.toMatchObject({
          code: 'bad-argument',
          message: expect.stringContaining(`in ${source} do not fit a cache in ${target}`),
        });
      });
    });
  });

  it('is refused for heads that are no whole number of its blocks', async () => {
    const narrow = exactOptions(narrowHeads, { kvType: 'q8_0' });
    await expect(withEngine(narrow, async () => {})).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining('--kv-type f16'),
    });
  });
});

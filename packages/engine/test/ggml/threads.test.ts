import { describe, expect, it } from 'vitest';
import { cutModel, runRoute, tokenChunks } from '../compliance/route.js';
import { fullLogits, withEngine } from '../support/engines.js';

describe('the number of threads', () => {
  it('changes no bit, over a long context too', {
    timeout: 120_000,
  }, async () => {
    // A whole range of this model is worth two threads, and half of it one; from 512 tokens on
    // ggml has another kernel for a single row.
    const { options } = cutModel('tiny-tales');
    const output = fullLogits('last');
    const runOn = (threads: number, cuts: readonly number[]) =>
      withEngine({ ...options, threads }, (engine) => {
        const chunks = tokenChunks(engine, [510, 1, 1, 1, 1]);
        return runRoute(engine, cuts, { type: 'f16', chunks, output });
      });
    const expected = await runOn(1, []);
    expect(await runOn(2, [])).toEqual(expected);
    expect(await runOn(2, [4])).toEqual(expected);
  });
});

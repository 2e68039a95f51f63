import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Engine, EngineOptions } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  fullLogits,
  logitsOf,
  noOutput,
  openSession,
  run,
  withEngine,
} from '../support/engines.js';
import { argmax, relativeError } from '../support/numbers.js';

const folder = fileURLToPath(new URL('../../../../test/fixtures/long-context/', import.meta.url));

/** What `scripts/fixtures/make-long-context.py` wrote. */
interface Description {
  readonly seed: number;
  readonly tokenCount: number;
  readonly positions: readonly number[];
  readonly greedy: readonly number[];
}

const golden = JSON.parse(readFileSync(`${folder}golden.json`, 'utf8')) as Description;
const vocabSize = 96;
const rows = new Float32Array(new Uint8Array(readFileSync(`${folder}golden.bin`)).buffer);
const expectedRow = (index: number) => rows.subarray(index * vocabSize, (index + 1) * vocabSize);

const options: EngineOptions = {
  modelPath: folder,
  span: { start: 0, end: 2 },
  ends: { embedding: true, head: true },
  weightType: 'f32',
  device: 'cpu',
  threads: 1,
  kvType: 'f32',
  kvTokensMax: 40_960,
};

const stepRows = 512;

/** The tokens that the reference was given. */
function drawTokens(): Int32Array {
  let state = golden.seed;
  return Int32Array.from({ length: golden.tokenCount }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 3 + ((state >>> 16) % (vocabSize - 3));
  });
}

/** Cuts `[start, end)` into steps that end at each wanted position. */
function* steps(): Generator<{ start: number; end: number; wanted: number | null }> {
  let start = 0;
  for (const [index, position] of golden.positions.entries()) {
    while (start <= position) {
      const end = Math.min(start + stepRows, position + 1);
      yield { start, end, wanted: end === position + 1 ? index : null };
      start = end;
    }
  }
}

describe('a context of 32,768 tokens', () => {
  // Angles of 30,000 radians in f32 are exact to 2e-3, in the reference as well as here; the logits
  // were off by up to 2e-4.
  const tolerance = 1e-3;

  it('gives the logits of transformers all the way, and goes on', async () => {
    await withEngine(options, async (engine: Engine) => {
      const tokens = drawTokens();
      const session = openSession(engine);
      for (const { start, end, wanted } of steps()) {
        const output = wanted === null ? noOutput : fullLogits('last');
        const item = createItem(engine, session, tokens.subarray(start, end), output);
        const found = await run(engine, item);
        if (wanted === null) continue;
        const error = relativeError(logitsOf(found).logits, expectedRow(wanted));
        expect(error).toBeLessThan(tolerance);
      }
      for (const [index, token] of golden.greedy.slice(0, -1).entries()) {
        const item = createItem(engine, session, Int32Array.of(token), fullLogits('last'));
        const { logits } = logitsOf(await run(engine, item));
        const expected = expectedRow(golden.positions.length + index);
        expect(relativeError(logits, expected)).toBeLessThan(tolerance);
        expect(argmax(logits)).toBe(golden.greedy[index + 1]);
      }
    });
  }, 120_000);
});

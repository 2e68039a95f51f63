import type { EngineOptions } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  logitsOf,
  openSession,
  run,
  withEngine,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { rootMeanSquareError } from '../support/numbers.js';

const golden = readGolden('llama3-gqa-bf16');

describe('weights', () => {
  // A few times what was measured; numbers that have nothing to do with each other give 1.4.
  it.each<[EngineOptions['weightType'], EngineOptions['weightType'], number]>([
    ['f32', 'f32', 1e-5],
    ['f16', 'f16', 1e-2],
    ['bf16', 'bf16', 5e-2],
    ['keep', 'bf16', 5e-2],
    ['q8_0', 'q8_0', 1e-1],
    ['q5_1', 'q5_1', 3e-1],
    ['q4_0', 'q4_0', 8e-1],
    // Rows of 64 are no whole block of 256.
    ['q4_k', 'q8_0', 1e-1],
  ])('asked for %s are kept as %s', async (weightType, expected, tolerance) => {
    await withEngine(exactOptions(golden, { weightType }), async (engine) => {
      expect(engine.info.weightType).toBe(expected);
      const item = createItem(engine, openSession(engine), golden.prompt, fullLogits('all'));
      const { logits } = logitsOf(await run(engine, item));
      expect(rootMeanSquareError(logits, golden.logits)).toBeLessThan(tolerance);
    });
  });

  it('of a quantised file are kept, or widened when f32 is asked for', async () => {
    const quantised = readGolden('llama-q8_0-gguf');
    for (const [weightType, tolerance] of [
      ['f32', 1e-5],
      ['f16', 1e-1],
      ['keep', 1e-1],
    ] as const) {
      await withEngine(exactOptions(quantised, { weightType }), async (engine) => {
        expect(engine.info.weightType).toBe(weightType === 'f32' ? 'f32' : 'q8_0');
        const item = createItem(engine, openSession(engine), quantised.prompt, fullLogits('all'));
        const { logits } = logitsOf(await run(engine, item));
        expect(rootMeanSquareError(logits, quantised.logits)).toBeLessThan(tolerance);
      });
    }
  });

  // Rounding sends some rows to other experts, whose outputs have nothing to do with the reference's:
  // half of all rows are near it all the same.
  it.each([
    ['mixtral-f32', 'f16', 'f16', 1e-2],
    ['mixtral-f32', 'q8_0', 'q8_0', 1e-1],
    ['qwen3moe-f32', 'q8_0', 'q8_0', 1e-1],
    ['qwen3moe-shares-bf16', 'q8_0', 'q8_0', 1e-1],
    ['qwen3moe-shares-bf16', 'q4_0', 'q4_0', 8e-1],
    ['gptoss-mxfp4-gguf', 'keep', 'f32', 2e-1],
    ['gptoss-mxfp4-gguf', 'q8_0', 'mxfp4', 2e-1],
  ] as const)('of experts of %s asked for %s are kept as %s', async (name, type, kept, most) => {
    const model = readGolden(name);
    await withEngine(exactOptions(model, { weightType: type }), async (engine) => {
      expect(engine.info.weightType).toBe(kept);
      const item = createItem(engine, openSession(engine), model.prompt, fullLogits('all'));
      const { logits } = logitsOf(await run(engine, item));
      const errors = Array.from(model.prompt, (_, row) => {
        const range = [row * model.vocabSize, (row + 1) * model.vocabSize] as const;
        return rootMeanSquareError(logits.subarray(...range), model.logits.subarray(...range));
      }).sort((a, b) => a - b);
      expect(errors[Math.floor(errors.length / 2)]).toBeLessThan(most);
    });
  });
});

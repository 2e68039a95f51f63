import type { KvChunk, KvType } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  logitsOf,
  noOutput,
  openSession,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';
import type { EngineUnderTest } from './engine-under-test.js';

/** Largest error of a logit, a few times what was measured on these models. */
const tolerances: Readonly<Record<KvType, number>> = { f32: 1e-4, f16: 2e-2, q8_0: 2e-1 };

/** Heads of 32 elements, which every type of cache can have. */
const wideHeads = [readGolden('qwen3-qknorm-f32'), readGolden('phi4-longrope-f32')];

/** Every type of cache is as precise as it says, and travels without being rounded again. */
export function describeKvTypes(subject: EngineUnderTest): void {
  const golden = readGolden('qwen3-qknorm-f32');
  const { prompt, greedy } = golden;

  describe.each(wideHeads.map((model) => [model.name, model] as const))(
    'a KV cache of %s',
    (_name, model) => {
      it.each(subject.kvTypes)('in %s stays near the reference', async (kvType) => {
        const options = exactOptions(model, { kvType });
        await subject.lend(options, async (engine) => {
          const session = openSession(engine);
          let input = model.prompt;
          for (const [index, expected] of model.greedyLogits.entries()) {
            const output = await run(
              engine,
              createItem(engine, session, input, fullLogits('last')),
            );
            expect(relativeError(logitsOf(output).logits, expected)).toBeLessThan(
              tolerances[kvType],
            );
            input = Int32Array.of(model.greedy[index] as number);
          }
        });
      });
    },
  );

  describe.each(subject.kvTypes)('a KV cache in %s', (kvType) => {
    const options = exactOptions(golden, { kvType });

    it('moves to another engine bit by bit', async () => {
      await subject.lend(options, async (source) => {
        await subject.lend(options, async (target) => {
          const from = openSession(source);
          await run(source, createItem(source, from, prompt, noOutput));
          const to = openSession(target);
          for (let block = 0; block < golden.blockCount; block += 1) {
            for (let start = 0; start < prompt.length; start += 20) {
              const end = Math.min(start + 20, prompt.length);
              const chunk = await source.exportKv(from, { block, start, end });
              expect(chunk.type).toBe(kvType);
              await target.importKv(to, chunk);
            }
          }
          await target.setLength(to, prompt.length);
          const next = Int32Array.of(greedy[0] as number);
          const [moved, stayed] = [
            logitsOf(await run(target, createItem(target, to, next, fullLogits('last')))),
            logitsOf(await run(source, createItem(source, from, next, fullLogits('last')))),
          ];
          expect(moved.logits).toEqual(stayed.logits);
        });
      });
    });
  });

  it('takes a cache of another type, converted, and gives it back', async () => {
    const ofType = (kvType: KvType) => exactOptions(golden, { kvType });
    await subject.lend(ofType('f16'), async (half) => {
      await subject.lend(ofType('f32'), async (whole) => {
        const sessions = [openSession(half), openSession(whole)] as const;
        const { kvHeadCount, headDim, blockCount } = half.info.config;
        // Whole numbers, which both types hold exactly.
        const numbers = Float32Array.from(
          { length: 2 * kvHeadCount * headDim },
          (_, at) => at - 32,
        );
        const bytes = new Uint8Array(numbers.buffer);
        const chunk: KvChunk = {
          ...{ block: 0, position: 0, count: 2, type: 'f32' },
          keys: bytes,
          values: bytes,
        };
        for (let block = 0; block < blockCount; block += 1) {
          await half.importKv(sessions[0], { ...chunk, block });
        }
        await half.setLength(sessions[0], 2);
        const range = { block: 1, start: 0, end: 2 };
        const halved = await half.exportKv(sessions[0], range);
        expect(halved).toMatchObject({ type: 'f16', count: 2, position: 0 });
        expect(halved.keys.length).toBe(bytes.length / 2);
        for (let block = 0; block < blockCount; block += 1) {
          await whole.importKv(sessions[1], { ...halved, block });
        }
        await whole.setLength(sessions[1], 2);
        expect((await whole.exportKv(sessions[1], range)).values).toEqual(bytes);
      });
    });
  });
}

import { isSkeinError } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenInput,
  logitsOf,
  noOutput,
  openSession,
  outputOf,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';
import type { EngineUnderTest } from './engine-under-test.js';

const golden = readGolden('llama3-gqa-bf16');
const { prompt, greedy } = golden;

/** Caches grow, are cut, travel, and stay within their budget. */
export function describeKvCache(subject: EngineUnderTest): void {
  describe('the KV cache', () => {
    it('grows across its capacities without changing a number', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const tokens = Int32Array.from(
          { length: 250 },
          (_, index) => (index * 7) % golden.vocabSize,
        );
        const whole = openSession(engine);
        const item = createItem(engine, whole, tokens, fullLogits('all'));
        const expected = logitsOf(await run(engine, item)).logits;
        const grown = openSession(engine);
        for (let start = 0; start < tokens.length; start += 1) {
          const step = createItem(
            engine,
            grown,
            tokens.subarray(start, start + 1),
            fullLogits('last'),
          );
          const { logits } = logitsOf(await run(engine, step));
          const row = expected.subarray(start * golden.vocabSize, (start + 1) * golden.vocabSize);
          expect(relativeError(logits, row)).toBeLessThan(1e-4);
        }
      });
    });

    it('forgets what is cut off', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const session = openSession(engine);
        await run(engine, createItem(engine, session, prompt, noOutput));
        await run(engine, createItem(engine, session, Int32Array.of(5, 6, 7), noOutput));
        await engine.truncate(session, prompt.length);
        expect(engine.length(session)).toBe(prompt.length);
        const item = createItem(
          engine,
          session,
          Int32Array.of(greedy[0] as number),
          fullLogits('last'),
        );
        const { logits } = logitsOf(await run(engine, item));
        expect(relativeError(logits, golden.greedyLogits[1] as Float32Array)).toBeLessThan(1e-4);
        await expect(engine.truncate(session, 1000)).rejects.toMatchObject({
          code: 'bad-argument',
        });
      });
    });

    it('moves to another engine bit by bit', async () => {
      await subject.lend(exactOptions(golden), async (source) => {
        await subject.lend(exactOptions(golden), async (target) => {
          const from = openSession(source);
          await run(source, createItem(source, from, prompt, noOutput));
          const to = openSession(target);
          for (let block = 0; block < golden.blockCount; block += 1) {
            for (let start = 0; start < prompt.length; start += 20) {
              const end = Math.min(start + 20, prompt.length);
              await target.importKv(to, await source.exportKv(from, { block, start, end }));
            }
          }
          expect(target.length(to)).toBe(0);
          expect(target.kvTokensFree).toBe(target.info.kvTokensMax - prompt.length);
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

    it('refuses an import with a gap, of another size, or declared too long', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const from = openSession(engine);
        await run(engine, createItem(engine, from, prompt, noOutput));
        const chunk = await engine.exportKv(from, { block: 0, start: 2, end: 4 });
        const to = openSession(engine);
        await expect(engine.importKv(to, chunk)).rejects.toMatchObject({ code: 'bad-argument' });
        const short = { ...chunk, position: 0, keys: chunk.keys.subarray(4) };
        await expect(engine.importKv(to, short)).rejects.toMatchObject({ code: 'bad-argument' });
        await expect(engine.importKv(to, { ...chunk, block: 99 })).rejects.toThrow('Block 99');
        await engine.importKv(to, { ...chunk, position: 0 });
        await expect(engine.setLength(to, 2)).rejects.toMatchObject({ code: 'bad-argument' });
        const beyond = engine.exportKv(from, { block: 0, start: 0, end: prompt.length + 1 });
        await expect(beyond).rejects.toMatchObject({ code: 'bad-argument' });
      });
    });

    it('refuses tokens beyond the budget, for that session only', async () => {
      await subject.lend(
        exactOptions(golden, { kvTokensMax: prompt.length + 10 }),
        async (engine) => {
          const [first, second] = [openSession(engine), openSession(engine)];
          const { outcomes } = await engine.step([
            createItem(engine, first, prompt, fullLogits('all')),
            createItem(engine, second, prompt, fullLogits('all')),
          ]);
          const refused = outcomes[1];
          expect(!refused?.ok && isSkeinError(refused?.error) && refused.error.code).toBe(
            'kv-full',
          );
          const { logits } = logitsOf(outputOf(outcomes[0]));
          expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
          expect(engine.kvTokensFree).toBe(10);
          expect(engine.length(second)).toBe(0);
          engine.closeSession(first);
          await run(engine, createItem(engine, second, prompt, noOutput));
          expect(engine.kvTokensFree).toBe(10);
        },
      );
    });

    it('refuses tokens beyond the context', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const session = openSession(engine);
        const { contextLength } = engine.info.config;
        await run(engine, createItem(engine, session, new Int32Array(contextLength), noOutput));
        const item = createItem(engine, session, Int32Array.of(1), noOutput);
        const { outcomes } = await engine.step([item]);
        expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'context-exceeded' } });
      });
    });

    it('lets a session on an end alone take any position and count nothing', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const end = golden.blockCount;
        const ends = { embedding: false, head: true };
        const session = openSession(engine, { span: { start: end, end }, ends });
        const rows = hiddenInput(golden.hidden.at(-1) as Float32Array);
        for (const position of [0, 40]) {
          const item = { ...createItem(engine, session, rows, fullLogits('all')), position };
          const { logits } = logitsOf(await run(engine, item));
          expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
        }
        expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax);
      });
    });
  });
}

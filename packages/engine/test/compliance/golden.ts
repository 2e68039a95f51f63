import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenF32,
  hiddenInput,
  hiddenOf,
  logitsOf,
  noOutput,
  openSession,
  run,
} from '../support/engines.js';
import type { Golden } from '../support/golden.js';
import { argmax, relativeError } from '../support/numbers.js';
import type { EngineUnderTest } from './engine-under-test.js';

const toleranceF32 = 1e-4;

/** Numbers: what transformers computed for tiny models of every architecture. */
export function describeGoldenNumbers(subject: EngineUnderTest): void {
  describe.each(subject.models.map((golden) => [golden.name, golden] as const))(
    'on %s',
    (_name, golden) => {
      it('computes the hidden rows after every block', async () => {
        await subject.lend(exactOptions(golden), async (engine) => {
          for (const [block, expected] of golden.hidden.entries()) {
            const ends = { embedding: true, head: false };
            const session = openSession(engine, { span: { start: 0, end: block + 1 }, ends });
            const output = await run(engine, createItem(engine, session, golden.prompt, hiddenF32));
            expect(relativeError(hiddenOf(output), expected)).toBeLessThan(toleranceF32);
          }
        });
      });

      it('computes the logits of every row of the prompt', async () => {
        await subject.lend(exactOptions(golden), async (engine) => {
          const item = createItem(engine, openSession(engine), golden.prompt, fullLogits('all'));
          const logits = logitsOf(await run(engine, item));
          expect(logits.rowCount).toBe(golden.prompt.length);
          expect(relativeError(logits.logits, golden.logits)).toBeLessThan(toleranceF32);
        });
      });

      it('tells the logits of named tokens, whether or not they are among the best', async () => {
        await subject.lend(exactOptions(golden), async (engine) => {
          const input = golden.prompt.subarray(0, -1);
          const targets = golden.prompt.subarray(1);
          const output = { kind: 'logits', rows: 'all', topK: 2, targets } as const;
          const item = createItem(engine, openSession(engine), input, output);
          const { targetLogits, ids } = logitsOf(await run(engine, item));
          const expected = Float32Array.from(
            targets,
            (token, row) => golden.logits[row * golden.vocabSize + token] as number,
          );
          expect(ids).toHaveLength(2 * input.length);
          expect(relativeError(targetLogits as Float32Array, expected)).toBeLessThan(toleranceF32);
        });
      });

      it.runIf(golden.isFolderModel && golden.gguf !== null)(
        'computes the same from its GGUF file',
        async () => {
          const modelPath = golden.gguf as string;
          await subject.lend(exactOptions(golden, { modelPath }), async (engine) => {
            const item = createItem(engine, openSession(engine), golden.prompt, fullLogits('all'));
            const { logits } = logitsOf(await run(engine, item));
            expect(relativeError(logits, golden.logits)).toBeLessThan(toleranceF32);
          });
        },
      );

      it('continues greedily, token for token', async () => {
        await subject.lend(exactOptions(golden), async (engine) => {
          const session = openSession(engine);
          let input = golden.prompt;
          for (const [index, expected] of golden.greedyLogits.entries()) {
            const output = await run(
              engine,
              createItem(engine, session, input, fullLogits('last')),
            );
            const { logits } = logitsOf(output);
            expect(relativeError(logits, expected)).toBeLessThan(toleranceF32);
            expect(argmax(logits)).toBe(golden.greedy[index]);
            input = Int32Array.of(argmax(logits));
          }
        });
      });

      it('computes the same in two ranges of blocks', async () => {
        const middle = Math.floor(golden.blockCount / 2);
        const head = { span: { start: 0, end: middle }, ends: { embedding: true, head: false } };
        const tail = {
          span: { start: middle, end: golden.blockCount },
          ends: { embedding: false, head: true },
        };
        await subject.lend(exactOptions(golden, head), async (first) => {
          await subject.lend(exactOptions(golden, tail), async (second) => {
            const item = createItem(first, openSession(first), golden.prompt, hiddenF32);
            const rows = hiddenOf(await run(first, item));
            expect(relativeError(rows, golden.hidden[middle - 1] as Float32Array)).toBeLessThan(
              toleranceF32,
            );
            const session = openSession(second);
            const next = createItem(second, session, hiddenInput(rows), fullLogits('all'));
            const { logits } = logitsOf(await run(second, next));
            expect(relativeError(logits, golden.logits)).toBeLessThan(toleranceF32);
          });
        });
      });

      it.each([1, 3, 7])('computes the same in chunks of %i', async (chunk) => {
        await subject.lend(exactOptions(golden), async (engine) => {
          const { prompt } = golden;
          const session = openSession(engine);
          for (let start = 0; start + chunk < prompt.length; start += chunk) {
            const tokens = prompt.subarray(start, start + chunk);
            await run(engine, createItem(engine, session, tokens, noOutput));
          }
          const rest = prompt.subarray(engine.length(session));
          const item = createItem(engine, session, rest, fullLogits('last'));
          const { logits } = logitsOf(await run(engine, item));
          expect(relativeError(logits, lastRow(golden))).toBeLessThan(toleranceF32);
        });
      });
    },
  );
}

function lastRow({ logits, vocabSize }: Golden): Float32Array {
  return logits.subarray(logits.length - vocabSize);
}

import {
  bytesOf,
  decodeHidden,
  encodeHidden,
  float32View,
  type HiddenType,
  type StepItem,
} from '@skein/protocol';
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
  outputOf,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { argmax, relativeError, seededRandom } from '../support/numbers.js';
import type { EngineUnderTest } from './engine-under-test.js';
import {
  cutModel,
  numbersOf,
  openHop,
  runHops,
  runRoute,
  tokenChunks,
  wholeOutputs,
} from './route.js';

const roundedTypes = ['f16', 'bf16'] as const;

/** Steps of a session: prompt chunks, then single tokens, in the shapes that a swarm computes. */
const chunkRows = [5, 1, 9, 1, 1, 2, 1];

/** The residual stream is rounded at every block boundary, so that no cut of a route can be seen. */
export function describeResidualType(subject: EngineUnderTest): void {
  describe.each(subject.cutModels.map((name) => [name, cutModel(name)] as const))(
    'rounding at every block of %s',
    (_name, { options, blockCount }) => {
      it.each(roundedTypes)('to %s makes every cut give the same bits', async (type) => {
        await subject.lend(options, async (engine) => {
          const chunks = tokenChunks(engine, chunkRows);
          for (const output of wholeOutputs(type)) {
            const expected = await runRoute(engine, [], { type, chunks, output });
            for (const cuts of someCuts(blockCount)) {
              const found = await runRoute(engine, cuts, { type, chunks, output });
              expect(found, `${output.kind} of a route cut at ${cuts}`).toEqual(expected);
            }
          }
        });
      });

      it('makes no cut visible between engines of their own', async () => {
        const chunks = [Int32Array.of(3, 14, 15, 9, 2, 6), Int32Array.of(5), Int32Array.of(35)];
        const output = fullLogits('last');
        const cut = blockCount / 2 + 1;
        const expected = await subject.lend(options, (engine) =>
          runRoute(engine, [], { type: 'f16', chunks, output }),
        );
        const head = { span: { start: 0, end: cut }, ends: { embedding: true, head: false } };
        const tail = {
          span: { start: cut, end: blockCount },
          ends: { embedding: false, head: true },
        };
        await subject.lend({ ...options, ...head }, async (first) => {
          await subject.lend({ ...options, ...tail }, async (second) => {
            const hops = [first, second].map((engine) => openHop(engine, engine.info, 'f16'));
            expect(await runHops(hops, { type: 'f16', chunks, output })).toEqual(expected);
          });
        });
      });
    },
  );

  describe('rounding at every block', () => {
    const golden = readGolden('llama-8block-f32');

    it.each(roundedTypes)(
      'to %s rounds to nearest, ties to even, as the wire does',
      async (type) => {
        await subject.lend(exactOptions(golden), async (engine) => {
          const values = roundingCases(golden.hiddenSize);
          const { blockCount } = golden;
          const nothing = {
            span: { start: blockCount, end: blockCount },
            ends: { embedding: false, head: false },
          };
          const session = openSession(engine, { ...nothing, residualType: type });
          const item = createItem(engine, session, hiddenInput(values), hiddenF32);
          const found = hiddenOf(await run(engine, item));
          const expected = roundedAs(values, type);
          expect(bytesOf(found)).toEqual(bytesOf(expected));
        });
      },
    );

    it('is what lets a cut change nothing', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const run = { type: 'f16', chunks: tokenChunks(engine, [7]), output: hiddenF32 } as const;
        const expected = await runRoute(engine, [], { ...run, residualType: 'f32' });
        const found = await runRoute(engine, [4], { ...run, residualType: 'f32' });
        expect(found).not.toEqual(expected);
      });
    });

    it('keeps sessions of other precisions apart in one step', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const types = ['f32', 'f16', 'bf16', 'f16'] as const;
        const itemOf = (type: HiddenType) => {
          const session = openSession(engine, { ...engine.info, residualType: type });
          return createItem(engine, session, golden.prompt, fullLogits('all'));
        };
        const { outcomes } = await engine.step(types.map(itemOf));
        for (const [index, type] of types.entries()) {
          const alone = logitsOf(await run(engine, itemOf(type))).logits;
          const { logits } = logitsOf(outputOf(outcomes[index]));
          expect(relativeError(logits, alone)).toBeLessThan(1e-5);
        }
      });
    });

    it('rounds rows of one step that leave in several ways, each once', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const outputs = [
          ...wholeOutputs('f16'),
          noOutput,
          { kind: 'hidden', type: 'bf16' } as const,
        ];
        const itemOf = (output: StepItem['output']) => {
          const session = openSession(engine, { ...engine.info, residualType: 'f16' });
          return createItem(engine, session, golden.prompt.subarray(0, 4), output);
        };
        const { outcomes } = await engine.step(outputs.map(itemOf));
        for (const [index, output] of outputs.entries()) {
          const [found, alone] = [outputOf(outcomes[index]), await run(engine, itemOf(output))];
          expect(found.kind).toBe(output.kind);
          if (found.kind === 'none') continue;
          // A product over the rows of six items may add up in another order than over those of one.
          expect(relativeError(numbersOf(found), numbersOf(alone))).toBeLessThan(5e-3);
          if (found.kind !== 'hidden') continue;
          const once = found.type === 'bf16' ? 'bf16' : 'f16';
          expect(roundedAs(numbersOf(found), once)).toEqual(numbersOf(found));
        }
      });
    });

    it('refuses what is no type of hidden rows', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const residualType = 'int8' as HiddenType;
        expect(() => openSession(engine, { ...engine.info, residualType })).toThrow('int8');
      });
    });
  });

  // Where two experts' scores are nearly equal, rounding sends a row to the other one, and the logits
  // of a random model have little to do with the reference from then on.
  const smooth = subject.models.filter(({ name }) => !/^(mixtral|qwen3moe|gptoss)/.test(name));

  describe.each(smooth.map((golden) => [golden.name, golden] as const))(
    'rounding at every block of %s',
    (_name, golden) => {
      // A few times what was measured.
      it.each([
        ['f16', 3e-2],
        ['bf16', 8e-2],
      ] as const)('to %s stays near the reference', async (residualType, tolerance) => {
        await subject.lend(exactOptions(golden), async (engine) => {
          const session = openSession(engine, { ...engine.info, residualType });
          let input = golden.prompt;
          for (const [index, expected] of golden.greedyLogits.entries()) {
            const output = await run(
              engine,
              createItem(engine, session, input, fullLogits('last')),
            );
            const { logits } = logitsOf(output);
            const error = relativeError(logits, expected);
            expect(error).toBeLessThan(tolerance);
            const chosen = golden.greedy[index] as number;
            if (relativeGap(expected) > 2 * tolerance) expect(argmax(logits)).toBe(chosen);
            input = Int32Array.of(chosen);
          }
        });
      });
    },
  );
}

/** Every single cut, and some pairs and more. */
function someCuts(blockCount: number): number[][] {
  const singles = Array.from({ length: blockCount - 1 }, (_, index) => [index + 1]);
  const every = singles.flat();
  return [...singles, [1, blockCount - 1], [blockCount / 2, blockCount / 2 + 1], every];
}

function roundedAs(values: Float32Array, type: HiddenType): Float32Array {
  return decodeHidden(encodeHidden(values, [values.length], type));
}

/** How far the best logit is ahead, relative to the largest. */
function relativeGap(logits: Float32Array): number {
  const [best, second] = [...logits].sort((a, b) => b - a) as [number, number];
  return (best - second) / logits.reduce((scale, logit) => Math.max(scale, Math.abs(logit)), 0);
}

/** Ties, neighbours of ties, subnormal halves, overflow, and bits drawn at random. */
function roundingCases(hiddenSize: number): Float32Array {
  const random = seededRandom(3);
  const ties = [1, 2 ** -14, 2 ** -15, 2 ** -24, 2 ** -25, 1024, 65_504, 65_520, 1e6].flatMap(
    (base) =>
      [2 ** -8, 2 ** -9, 2 ** -11, 2 ** -12, 0].flatMap((part) => {
        const tie = Math.fround(base * (1 + part));
        const odd = Math.fround(base * (1 + 3 * part));
        return [tie, odd, tie * (1 + 2 ** -23), tie * (1 - 2 ** -23), -tie, -odd];
      }),
  );
  const rows = 64;
  const bits = Uint32Array.from({ length: rows * hiddenSize }, () => random() * 2 ** 32);
  const values = float32View(bytesOf(bits));
  // Quiet NaNs keep other bits on other machines; subnormal floats may become zero.
  const isPlain = (value: number) => Number.isFinite(value) && Math.abs(value) >= 2 ** -126;
  const drawn = values.map((value) => (isPlain(value) ? value : 0.1));
  drawn.set(ties);
  // Half of them in the range of halves.
  for (let index = ties.length; index < drawn.length; index += 2) {
    drawn[index] = (random() - 0.5) * 2 ** Math.floor(random() * 40 - 24);
  }
  return drawn;
}

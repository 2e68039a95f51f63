import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  bytesOf,
  decodeHidden,
  type Engine,
  type EngineOptions,
  encodeHidden,
  float32View,
  type HiddenType,
  type SessionId,
  type SessionUse,
  type StepItem,
  type StepOutput,
} from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenF32,
  hiddenInput,
  hiddenOf,
  type ItemInput,
  logitsOf,
  noOutput,
  openSession,
  outputOf,
  run,
  withEngine,
} from '../support/engines.js';
import { goldenModels, readGolden } from '../support/golden.js';
import { argmax, relativeError, seededRandom } from '../support/numbers.js';

const roundedTypes = ['f16', 'bf16'] as const;

/** Steps of a session: prompt chunks, then single tokens, in the shapes that a swarm computes. */
const chunkRows = [5, 1, 9, 1, 1, 2, 1];

interface Model {
  readonly name: string;
  readonly options: EngineOptions;
  readonly blockCount: number;
}

const models: Model[] = [
  ...['llama-8block-f32', 'qwen3-qknorm-f32', 'mistral-swa-f32'].map(ofGolden),
  ...['llama-sharded-f16', 'llama3-gqa-bf16', 'llama-q8_0-gguf', 'llama-q4_0-gguf'].map(ofGolden),
  ...['mixtral-f32', 'gemma2-f32', 'gemma3-f32', 'phi4-longrope-f32', 'olmo2-f32'].map(ofGolden),
  ofGolden('gptoss-mxfp4-gguf'),
  tinyTales(),
];

describe.each(models.map((model) => [model.name, model] as const))(
  'rounding at every block of %s',
  (_name, { options, blockCount }) => {
    it.each(roundedTypes)('to %s makes every cut give the same bits', async (type) => {
      await withEngine(options, async (engine) => {
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
      const expected = await withEngine(options, (engine) =>
        runRoute(engine, [], { type: 'f16', chunks, output }),
      );
      const head = { span: { start: 0, end: cut }, ends: { embedding: true, head: false } };
      const tail = {
        span: { start: cut, end: blockCount },
        ends: { embedding: false, head: true },
      };
      await withEngine({ ...options, ...head }, async (first) => {
        await withEngine({ ...options, ...tail }, async (second) => {
          const hops = [first, second].map((engine) => open(engine, engine.info, 'f16'));
          expect(await runHops(hops, { type: 'f16', chunks, output })).toEqual(expected);
        });
      });
    });
  },
);

describe('rounding at every block', () => {
  const golden = readGolden('llama-8block-f32');

  it.each(roundedTypes)('to %s rounds to nearest, ties to even, as the wire does', async (type) => {
    await withEngine(exactOptions(golden), async (engine) => {
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
  });

  it('is what lets a cut change nothing', async () => {
    await withEngine(exactOptions(golden), async (engine) => {
      const run = { type: 'f16', chunks: tokenChunks(engine, [7]), output: hiddenF32 } as const;
      const expected = await runRoute(engine, [], { ...run, residualType: 'f32' });
      const found = await runRoute(engine, [4], { ...run, residualType: 'f32' });
      expect(found).not.toEqual(expected);
    });
  });

  it('keeps sessions of other precisions apart in one step', async () => {
    await withEngine(exactOptions(golden), async (engine) => {
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
    await withEngine(exactOptions(golden), async (engine) => {
      const outputs = [...wholeOutputs('f16'), noOutput, { kind: 'hidden', type: 'bf16' } as const];
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

  it('is enough on any number of threads, over a long context too', {
    timeout: 120_000,
  }, async () => {
    // A whole range of this model is worth two threads, and half of it one; from 512 tokens on
    // ggml has another kernel for a single row.
    const { options } = tinyTales();
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

  it('refuses what is no type of hidden rows', async () => {
    await withEngine(exactOptions(golden), async (engine) => {
      const residualType = 'int8' as HiddenType;
      expect(() => openSession(engine, { ...engine.info, residualType })).toThrow('int8');
    });
  });
});

// Where two experts' scores are nearly equal, rounding sends a row to the other one, and the logits
// of a random model have little to do with the reference from then on.
const smooth = goldenModels().filter(({ name }) => !/^(mixtral|qwen3moe|gptoss)/.test(name));

describe.each(smooth.map((golden) => [golden.name, golden] as const))(
  'rounding at every block of %s',
  (_name, golden) => {
    // A few times what was measured.
    it.each([
      ['f16', 3e-2],
      ['bf16', 8e-2],
    ] as const)('to %s stays near the reference', async (residualType, tolerance) => {
      await withEngine(exactOptions(golden), async (engine) => {
        const session = openSession(engine, { ...engine.info, residualType });
        let input = golden.prompt;
        for (const [index, expected] of golden.greedyLogits.entries()) {
          const output = await run(engine, createItem(engine, session, input, fullLogits('last')));
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

function ofGolden(name: string): Model {
  const golden = readGolden(name);
  const options = exactOptions(golden, { weightType: 'keep', kvType: 'f16' });
  return { name, options, blockCount: golden.blockCount };
}

/** The model that the repository ships: blocks that were trained, not drawn. */
function tinyTales(): Model {
  const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
  const like = ofGolden('llama-8block-f32');
  return { ...like, name: 'tiny-tales', options: { ...like.options, modelPath } };
}

const wholeOutputs = (type: HiddenType): StepItem['output'][] => [
  fullLogits('all'),
  fullLogits('last'),
  hiddenF32,
  { kind: 'hidden', type },
];

/** Every single cut, and some pairs and more. */
function someCuts(blockCount: number): number[][] {
  const singles = Array.from({ length: blockCount - 1 }, (_, index) => [index + 1]);
  const every = singles.flat();
  return [...singles, [1, blockCount - 1], [blockCount / 2, blockCount / 2 + 1], every];
}

function tokenChunks(engine: Engine, rows: readonly number[]): Int32Array[] {
  const random = seededRandom(7);
  const { vocabSize } = engine.info.config;
  return rows.map((count) =>
    Int32Array.from({ length: count }, () => Math.floor(random() * vocabSize)),
  );
}

interface RouteRun {
  /** What travels between the hops. */
  readonly type: HiddenType;
  readonly chunks: readonly Int32Array[];
  /** Of the last hop. */
  readonly output: StepItem['output'];
}

interface Hop {
  readonly engine: Engine;
  readonly session: SessionId;
}

function open(engine: Engine, use: SessionUse, residualType: HiddenType): Hop {
  const { span, ends } = use;
  return { engine, session: openSession(engine, { span, ends, residualType }) };
}

/** Runs the steps through sessions of one engine that share its blocks, cut at `cuts`. */
async function runRoute(
  engine: Engine,
  cuts: readonly number[],
  run: RouteRun & { readonly residualType?: HiddenType },
): Promise<string[]> {
  const { blockCount } = engine.info.config;
  const bounds = [0, ...cuts, blockCount];
  const hops = bounds.slice(1).map((end, index) => {
    const start = bounds[index] as number;
    const ends = { embedding: start === 0, head: end === blockCount };
    return open(engine, { span: { start, end }, ends }, run.residualType ?? run.type);
  });
  const outputs = await runHops(hops, run);
  for (const { session } of hops) engine.closeSession(session);
  return outputs;
}

/** Runs the steps from hop to hop. @returns a digest of the bits of each step's output */
async function runHops(hops: readonly Hop[], route: RouteRun): Promise<string[]> {
  const { type, chunks } = route;
  const outputs: string[] = [];
  for (const chunk of chunks) {
    let input: ItemInput = chunk;
    for (const [index, { engine, session }] of hops.entries()) {
      const isLast = index + 1 === hops.length;
      const wanted = isLast ? route.output : ({ kind: 'hidden', type } as const);
      const output = await run(engine, createItem(engine, session, input, wanted));
      if (isLast) outputs.push(digestOf(output));
      else if (output.kind === 'hidden') input = output;
      else throw new Error(output.kind);
    }
  }
  return outputs;
}

/** All bits of an output, short enough to read in a failed comparison. */
function digestOf(output: StepOutput): string {
  const hash = createHash('sha256');
  if (output.kind === 'hidden') hash.update(output.bytes);
  if (output.kind === 'logits') {
    const { logits, logNormalisers } = output.logits;
    hash.update(bytesOf(logits)).update(bytesOf(logNormalisers));
  }
  return `${output.kind} ${hash.digest('hex')}`;
}

function numbersOf(output: StepOutput): Float32Array {
  if (output.kind === 'logits') return output.logits.logits;
  if (output.kind === 'none') throw new Error('no numbers');
  const { type, bytes } = output;
  return decodeHidden({ type, shape: [bytes.length / (type === 'f32' ? 4 : 2)], bytes });
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

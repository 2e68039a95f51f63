import { fileURLToPath } from 'node:url';
import type { Engine, EngineOptions, KvChunk, SessionId, StepItem } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  logitsOf,
  openSession,
  outputOf,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import type { EngineUnderTest } from './engine-under-test.js';

/** Its matrices have the sizes for which ggml has special kernels. */
const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
const span = { start: 0, end: 8 };
const ends = { embedding: true, head: true };
const steps = 2;

// Which tokens does not matter; the smallest vocabulary has 96.
const prompts = [6, 10, 17].map((length, seed) =>
  Int32Array.from({ length }, (_, index) => 6 + ((index * 37 + seed * 101) % 89)),
);

function options(weightType: EngineOptions['weightType']): EngineOptions {
  const cache = { kvType: 'f16', kvTokensMax: 1024 } as const;
  return { modelPath, span, ends, weightType, device: 'cpu', threads: 1, ...cache };
}

/** A tiny model of another architecture. */
function ofGolden(name: string, weightType: EngineOptions['weightType']): EngineOptions {
  return exactOptions(readGolden(name), { weightType, kvType: 'f16' });
}

/** Every type of weights that the engine has kernels for, and every kind of block. */
function casesOf({ weightTypes }: EngineUnderTest): readonly (readonly [string, EngineOptions])[] {
  const ofExperts = weightTypes.filter((type) => ['keep', 'q8_0', 'q4_0'].includes(type));
  return [
    ...weightTypes.map((type) => [`weights asked for ${type}`, options(type)] as const),
    ...ofExperts.map(
      (type) => [`experts, ${type}`, ofGolden('qwen3moe-shares-bf16', type)] as const,
    ),
    ['experts in mxfp4, with sinks', ofGolden('gptoss-mxfp4-gguf', 'keep')],
    ['two kinds of blocks', ofGolden('gemma3-f32', 'keep')],
    ['fused projections', ofGolden('phi4-longrope-f32', 'keep')],
    ['norms after', ofGolden('olmo2-f32', 'keep')],
  ];
}

const tokenAfter = (prompt: number, step: number) => Int32Array.of(10 + 31 * prompt + 7 * step);

const nextItem = (engine: Engine, session: SessionId, tokens: Int32Array): StepItem =>
  createItem(engine, session, tokens, fullLogits('last'));

/** Logits after the prompt and after each token, with nobody else on the engine. */
async function runAlone(engine: Engine, prompt: number): Promise<Float32Array[]> {
  const session = openSession(engine, { ...engine.info, residualType: 'f16' });
  const found: Float32Array[] = [];
  const tokens = prompts[prompt] as Int32Array;
  found.push(logitsOf(await run(engine, nextItem(engine, session, tokens))).logits);
  for (let step = 0; step < steps; step += 1) {
    const item = nextItem(engine, session, tokenAfter(prompt, step));
    found.push(logitsOf(await run(engine, item)).logits);
  }
  engine.closeSession(session);
  return found;
}

/** Tokens after a prompt, which were generated one by one. */
const repeated = Int32Array.from({ length: 40 }, (_, index) => 6 + ((index * 53 + 7) % 89));

/** Computes {@link repeated} in pieces `[start, end)`. @returns all outputs, and all caches */
async function runPieces(
  engine: Engine,
  pieces: readonly (readonly [number, number])[],
  kind: Pick<StepItem, 'rowByRow'> = {},
) {
  const output = { kind: 'hidden', type: 'f16' } as const;
  const use = {
    ...engine.info,
    ends: { embedding: true, head: false },
    residualType: 'f16',
  } as const;
  const session = openSession(engine, use);
  await run(engine, createItem(engine, session, prompts[0] as Int32Array, output));
  const rows: number[] = [];
  for (const [start, end] of pieces) {
    const item = createItem(engine, session, repeated.slice(start, end), output);
    const hidden = await run(engine, { ...item, ...kind });
    if (hidden.kind === 'hidden') rows.push(...hidden.bytes);
  }
  const caches: KvChunk[] = [];
  const length = engine.length(session);
  for (let block = use.span.start; block < use.span.end; block += 1) {
    caches.push(await engine.exportKv(session, { block, start: 0, end: length }));
  }
  engine.closeSession(session);
  return { rows, caches };
}

/** Decision 12: a step's numbers depend on its session alone. */
export function describeIndependentRows(subject: EngineUnderTest): void {
  describe.each(casesOf(subject))('steps with %s', (_name, engineOptions) => {
    it('have the same bits beside others as alone', async () => {
      await subject.lend(engineOptions, async (engine) => {
        const use = { ...engine.info, residualType: 'f16' } as const;
        const alone = await Promise.all(prompts.map((_, prompt) => runAlone(engine, prompt)));
        const sessions = prompts.map(() => openSession(engine, use));
        const together = async (items: readonly StepItem[]) => {
          const { outcomes } = await engine.step(items);
          return outcomes.map((outcome) => logitsOf(outputOf(outcome)).logits);
        };
        const first = sessions.map((session, prompt) =>
          nextItem(engine, session, prompts[prompt] as Int32Array),
        );
        expect(await together(first)).toEqual(alone.map(([logits]) => logits));
        for (let step = 0; step < steps; step += 1) {
          const items = sessions.map((session, prompt) =>
            nextItem(engine, session, tokenAfter(prompt, step)),
          );
          // Every other time beside a chunk of somebody else's prompt.
          const other = openSession(engine, use);
          if (step % 2 === 1) items.push(nextItem(engine, other, prompts[1] as Int32Array));
          const found = (await together(items)).slice(0, sessions.length);
          expect(found).toEqual(alone.map((logits) => logits[step + 1]));
          engine.closeSession(other);
        }
      });
    });

    it('are repeated together with the same bits', async () => {
      await subject.lend(engineOptions, async (engine) => {
        const found = await runPieces(
          engine,
          [...repeated.keys()].map((row) => [row, row + 1]),
        );
        const pieces = [
          [0, 2],
          [2, 39],
          [39, 40],
        ] as const;
        expect(await runPieces(engine, pieces, { rowByRow: true })).toEqual(found);
      });
    });

    it('give no logits when they are repeated together', async () => {
      await subject.lend(engineOptions, async (engine) => {
        const session = openSession(engine, engine.info);
        const item = createItem(engine, session, prompts[0] as Int32Array, fullLogits('last'));
        const { outcomes } = await engine.step([{ ...item, rowByRow: true }]);
        expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'bad-argument' } });
      });
    });
  });
}

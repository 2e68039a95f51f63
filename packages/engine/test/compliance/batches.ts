import { createSessionId, type Engine, type SessionId, type StepItem } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenF32,
  hiddenInput,
  hiddenOf,
  logitsOf,
  openSession,
  outputOf,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { relativeError, seededRandom } from '../support/numbers.js';
import type { EngineUnderTest } from './engine-under-test.js';

// One matrix product over many rows may add up in another order than over one.
const tolerance = 1e-5;
const golden = readGolden('qwen3-qknorm-f32');

/** A session's history, and what it last gave when it ran alone. */
interface Scenario {
  readonly session: SessionId;
  readonly tokens: number[];
}

/** Any mix of sessions in one step gives each what it would get alone. */
export function describeBatches(subject: EngineUnderTest): void {
  describe('ragged batches', () => {
    it('equal single runs, whatever the mix of sessions, rows and order', async () => {
      const random = seededRandom(11);
      const pick = (count: number) => Math.floor(random() * count);
      await subject.lend(exactOptions(golden), async (engine) => {
        const scenarios = Array.from(
          { length: 6 },
          (): Scenario => ({ session: openSession(engine), tokens: [] }),
        );
        for (let round = 0; round < 12; round += 1) {
          const chosen = scenarios.filter(() => random() < 0.7).sort(() => random() - 0.5);
          const items = chosen.map(({ session, tokens }) => {
            const rows = random() < 0.5 ? 1 : 1 + pick(17);
            const added = Int32Array.from({ length: rows }, () => pick(golden.vocabSize));
            tokens.push(...added);
            const output = random() < 0.5 ? fullLogits('last') : hiddenF32;
            return createItem(engine, session, added, output);
          });
          const { outcomes } = await engine.step(items);
          for (const [index, { tokens }] of chosen.entries()) {
            const item = items[index] as StepItem;
            const alone = await runAlone(engine, tokens, item);
            const output = outputOf(outcomes[index]);
            const found = output.kind === 'logits' ? logitsOf(output).logits : hiddenOf(output);
            expect(relativeError(found, alone)).toBeLessThan(tolerance);
          }
        }
      });
    });

    it('fill the cache of a single block without attending to it', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const use = { span: { start: 0, end: 1 }, ends: { embedding: true, head: false } };
        const [filled, whole] = [openSession(engine, use), openSession(engine, use)];
        const first = Int32Array.from(golden.prompt.slice(0, 5));
        const next = Int32Array.from(golden.prompt.slice(5, 6));
        await run(engine, createItem(engine, filled, first, { kind: 'none' }));
        await run(engine, createItem(engine, whole, first, hiddenF32));
        const found = hiddenOf(await run(engine, createItem(engine, filled, next, hiddenF32)));
        const expected = hiddenOf(await run(engine, createItem(engine, whole, next, hiddenF32)));
        expect(found).toEqual(expected);
      });
    });

    it('compute nothing where there are no blocks and nothing is wanted', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const end = golden.blockCount;
        const ends = { embedding: true, head: true };
        const empty = openSession(engine, { span: { start: end, end }, ends });
        const other = openSession(engine);
        const { outcomes } = await engine.step([
          createItem(engine, empty, golden.prompt, { kind: 'none' }),
          createItem(engine, other, golden.prompt, fullLogits('all')),
        ]);
        expect(outcomes[0]).toEqual({ ok: true, output: { kind: 'none' } });
        const { logits } = logitsOf(outputOf(outcomes[1]));
        expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
      });
    });

    it('mix sessions on different blocks, inputs and outputs', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const all = openSession(engine);
        const upper = openSession(engine, {
          span: { start: 2, end: golden.blockCount },
          ends: { embedding: false, head: true },
        });
        const lower = openSession(engine, {
          span: { start: 0, end: 2 },
          ends: { embedding: true, head: false },
        });
        const rows = hiddenInput(golden.hidden[1] as Float32Array);
        const { outcomes } = await engine.step([
          createItem(engine, upper, rows, fullLogits('all')),
          createItem(engine, all, golden.prompt, fullLogits('all')),
          createItem(engine, lower, golden.prompt, hiddenF32),
        ]);
        const [fromRows, whole, inner] = outcomes.map(outputOf);
        if (fromRows === undefined || whole === undefined || inner === undefined) throw new Error();
        expect(relativeError(logitsOf(fromRows).logits, golden.logits)).toBeLessThan(1e-4);
        expect(relativeError(logitsOf(whole).logits, golden.logits)).toBeLessThan(1e-4);
        const expected = golden.hidden[1] as Float32Array;
        expect(relativeError(hiddenOf(inner), expected)).toBeLessThan(1e-4);
      });
    });

    it('keep one bad item from spoiling the others', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const good = openSession(engine);
        const bad = openSession(engine);
        const item = createItem(engine, good, golden.prompt, fullLogits('all'));
        const { outcomes } = await engine.step([
          { ...item, session: createSessionId() },
          { ...item, session: bad, position: 3 },
          { ...item, session: bad, input: { kind: 'tokens', tokens: Int32Array.of(1) } },
          item,
          item,
        ]);
        const codes = outcomes.map((outcome) =>
          outcome.ok ? 'ok' : Reflect.get(outcome.error, 'code'),
        );
        expect(codes).toEqual([
          'session-unknown',
          'position-mismatch',
          'bad-argument',
          'ok',
          'bad-argument',
        ]);
        expect(relativeError(logitsOf(outputOf(outcomes[3])).logits, golden.logits)).toBeLessThan(
          1e-4,
        );
        expect(engine.length(good)).toBe(golden.prompt.length);
        expect(engine.length(bad)).toBe(0);
      });
    });

    it('keep the numbers of one session from spoiling those of another', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const good = openSession(engine);
        const bad = openSession(engine);
        const rows = new Float32Array(5 * golden.hiddenSize).fill(Number.NaN);
        rows.fill(Number.POSITIVE_INFINITY, golden.hiddenSize, 2 * golden.hiddenSize);
        const { outcomes } = await engine.step([
          createItem(engine, bad, hiddenInput(rows), fullLogits('last')),
          createItem(engine, good, golden.prompt, fullLogits('all')),
        ]);
        expect(outcomes[0]).toMatchObject({ ok: false, error: { code: 'bad-output' } });
        expect(engine.length(bad)).toBe(0);
        const { logits } = logitsOf(outputOf(outcomes[1]));
        expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
        // The next session may get the memory of the spoilt one.
        engine.closeSession(bad);
        const item = createItem(engine, openSession(engine), golden.prompt, fullLogits('all'));
        const again = logitsOf(await run(engine, item)).logits;
        expect(relativeError(again, golden.logits)).toBeLessThan(1e-4);
      });
    });

    it('compute a batch that is too large for one graph in several', async () => {
      await subject.lend(exactOptions(golden, { kvTokensMax: 8192 }), async (engine) => {
        const tokens = Int32Array.from({ length: 200 }, (_, index) => index % golden.vocabSize);
        const items = Array.from({ length: 6 }, () =>
          createItem(engine, openSession(engine), tokens, fullLogits('last')),
        );
        const { outcomes } = await engine.step(items);
        const [first, ...others] = outcomes.map((outcome) => logitsOf(outputOf(outcome)).logits);
        for (const other of others)
          expect(relativeError(other, first as Float32Array)).toBeLessThan(tolerance);
      });
    });

    it('take and give hidden rows in 16 bits', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        for (const [type, allowed] of [
          ['f16', 1e-2],
          ['bf16', 6e-2],
        ] as const) {
          const session = openSession(engine);
          const output = await run(
            engine,
            createItem(engine, session, golden.prompt, { kind: 'hidden', type }),
          );
          if (output.kind !== 'hidden') throw new Error(output.kind);
          expect(output.bytes.length).toBe(golden.prompt.length * golden.hiddenSize * 2);
          const head = openSession(engine, {
            span: { start: golden.blockCount, end: golden.blockCount },
            ends: { embedding: false, head: true },
          });
          const item = createItem(engine, head, { type, bytes: output.bytes }, fullLogits('all'));
          const { logits } = logitsOf(await run(engine, item));
          expect(relativeError(logits, golden.logits)).toBeLessThan(allowed);
        }
      });
    });
  });
}

async function runAlone(
  engine: Engine,
  tokens: readonly number[],
  { rows, output }: StepItem,
): Promise<Float32Array> {
  const session = openSession(engine);
  const result = await run(engine, createItem(engine, session, Int32Array.from(tokens), output));
  engine.closeSession(session);
  if (result.kind === 'logits') return result.logits.logits;
  const all = hiddenOf(result);
  return all.subarray(all.length - rows * engine.info.config.hiddenSize);
}

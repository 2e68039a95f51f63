import { describe, expect, it } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
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

/** Calls queue up, whoever makes them, and an engine that was stopped says so. */
export function describeConcurrency(subject: EngineUnderTest): void {
  describe('calls at the same time', () => {
    it('are done one after the other, in their order', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const sessions = Array.from({ length: 4 }, () => openSession(engine));
        const whole = sessions.map((session) =>
          engine.step([createItem(engine, session, golden.prompt, fullLogits('all'))]),
        );
        // Cut before the steps have run, and so after them.
        const cuts = sessions.map((session) => engine.truncate(session, golden.prompt.length - 1));
        for (const { outcomes } of await Promise.all(whole)) {
          const { logits } = logitsOf(outputOf(outcomes[0]));
          expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
        }
        await Promise.all(cuts);
        for (const session of sessions) {
          expect(engine.length(session)).toBe(golden.prompt.length - 1);
        }
        const used = sessions.length * (golden.prompt.length - 1);
        expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax - used);
      });
    });

    it('may close the session that they use', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const [closed, other] = [openSession(engine), openSession(engine)];
        const both = engine.step([
          createItem(engine, closed, golden.prompt, noOutput),
          createItem(engine, other, golden.prompt.subarray(0, 1), fullLogits('last')),
        ]);
        engine.closeSession(closed);
        expect(() => engine.length(closed)).toThrow('no session');
        await Promise.allSettled([both]);
        expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax - engine.length(other));
        const again = openSession(engine);
        const item = createItem(engine, again, golden.prompt, fullLogits('all'));
        const { logits } = logitsOf(await run(engine, item));
        expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
      });
    });

    it('are refused once the engine was stopped, which may be said twice', async () => {
      await subject.lend(exactOptions(golden), async (engine) => {
        const session = openSession(engine);
        const item = createItem(engine, session, golden.prompt, noOutput);
        await engine.stop();
        await engine.stop();
        await expect(engine.step([item])).rejects.toMatchObject({ code: 'engine-failed' });
      });
    });
  });
}

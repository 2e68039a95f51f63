import {
  createSessionId,
  type SessionId,
  SkeinError,
  type StepItem,
  type StepOutcome,
} from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ScheduledStep, Scheduler, type StepSource } from '../../src/schedule/scheduler.js';

/** A session that is nothing but a queue. */
class Source implements StepSource<ScheduledStep> {
  readonly session: SessionId = createSessionId();
  readonly queue: ScheduledStep[] = [];
  readonly done: { position: number; outcome: StepOutcome }[] = [];
  #isRunning = false;
  #position = 0;

  add(rows: number, arrivedAtMs: number): void {
    const item: StepItem = {
      session: this.session,
      position: this.#position,
      rows,
      input: { kind: 'tokens', tokens: new Int32Array(rows) },
      output: { kind: 'none' },
    };
    this.#position += rows;
    this.queue.push({ item, arrivedAtMs, priority: 'interactive', skipped: 0, chunksWaited: 0 });
  }

  peekStep(): ScheduledStep | null {
    return this.#isRunning ? null : (this.queue[0] ?? null);
  }

  takeStep(step: ScheduledStep): void {
    expect(this.#isRunning).toBe(false);
    this.#isRunning = true;
    expect(this.queue.shift()).toBe(step);
  }

  finishStep(step: ScheduledStep, outcome: StepOutcome): void {
    this.#isRunning = false;
    this.done.push({ position: step.item.position, outcome });
  }
}

const ok: StepOutcome = { ok: true, output: { kind: 'none' } };

describe('a scheduler', () => {
  it('runs every step once, in order per session, one batch at a time', async () => {
    const sessions = fc.array(fc.array(fc.integer({ min: 1, max: 600 }), { maxLength: 6 }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(sessions, async (plan) => {
        let running = 0;
        const scheduler = new Scheduler<ScheduledStep>({
          engine: {
            async step(items) {
              running += 1;
              expect(running).toBe(1);
              expect(new Set(items.map(({ session }) => session)).size).toBe(items.length);
              await Promise.resolve();
              running -= 1;
              return { outcomes: items.map(() => ok), computeUs: 1 };
            },
          },
        });
        const sources = plan.map((steps, index) => {
          const source = new Source();
          for (const rows of steps) source.add(rows, index);
          return source;
        });
        for (const source of sources) scheduler.wake(source);
        await scheduler.idle();
        for (const [index, source] of sources.entries()) {
          expect(source.queue).toEqual([]);
          expect(source.done).toHaveLength(plan[index]?.length ?? 0);
          const positions = source.done.map(({ position }) => position);
          expect(positions).toEqual([...positions].sort((left, right) => left - right));
        }
        expect(scheduler.runningRows).toBe(0);
      }),
    );
  });

  it('batches what collected while the engine was busy', async () => {
    const batches: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const scheduler = new Scheduler<ScheduledStep>({
      engine: {
        async step(items) {
          batches.push(items.length);
          await gate;
          return { outcomes: items.map(() => ok), computeUs: 1 };
        },
      },
    });
    const sources = Array.from({ length: 5 }, () => new Source());
    for (const source of sources) {
      source.add(1, performance.now());
      scheduler.wake(source);
    }
    release();
    await scheduler.idle();
    expect(batches).toEqual([1, 4]);
  });

  it('lets only the step suffer that made the engine refuse a batch', async () => {
    const [first, good, bad] = [new Source(), new Source(), new Source()];
    const scheduler = new Scheduler<ScheduledStep>({
      engine: {
        async step(items) {
          await Promise.resolve();
          if (items.some(({ session }) => session === bad.session)) {
            throw new SkeinError('bad-argument', 'no such thing');
          }
          return { outcomes: items.map(() => ok), computeUs: 1 };
        },
      },
    });
    for (const source of [first, good, bad]) {
      source.add(1, 0);
      scheduler.wake(source);
    }
    await scheduler.idle();
    expect(good.done[0]?.outcome.ok).toBe(true);
    expect(bad.done[0]?.outcome).toMatchObject({ ok: false, error: { code: 'bad-argument' } });
  });

  it('fails every step of a batch that broke the engine', async () => {
    const [one, two] = [new Source(), new Source()];
    const scheduler = new Scheduler<ScheduledStep>({
      engine: {
        async step() {
          throw new SkeinError('engine-failed', 'abort');
        },
      },
    });
    for (const source of [one, two]) {
      source.add(1, 0);
      scheduler.wake(source);
    }
    await scheduler.idle();
    for (const { done } of [one, two]) {
      expect(done[0]?.outcome).toMatchObject({ ok: false, error: { code: 'engine-failed' } });
    }
  });
});

import { createSessionId, type Priority, type StepItem, type StepOutcome } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { type ScheduledStep, Scheduler, type StepSource } from '../../src/schedule/scheduler.js';

const ok: StepOutcome = { ok: true, output: { kind: 'none' } };

/** Time that passes only when everybody waits. */
class VirtualTime {
  nowMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  schedule(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, resolve));
  }

  async runUntil(endMs: number): Promise<void> {
    for (;;) {
      // Whatever the last event set going comes to rest first.
      await new Promise((resolve) => setImmediate(resolve));
      this.#timers.sort((left, right) => left.atMs - right.atMs);
      const [next] = this.#timers;
      if (next === undefined || next.atMs > endMs) return;
      this.#timers.shift();
      this.nowMs = next.atMs;
      next.run();
    }
  }
}

/** A session's place at one hop: takes steps and passes them on to the next. */
class Place implements StepSource<ScheduledStep> {
  readonly session = createSessionId();
  #waiting: ScheduledStep | null = null;

  constructor(
    private readonly hop: Hop,
    private readonly pass: () => void,
    private readonly priority: Priority = 'interactive',
  ) {}

  arrive(rows = 1): void {
    const item: StepItem = {
      session: this.session,
      position: 0,
      rows,
      input: { kind: 'tokens', tokens: new Int32Array(rows) },
      output: { kind: 'none' },
    };
    const arrivedAtMs = this.hop.time.nowMs;
    const { priority } = this;
    this.#waiting = { item, arrivedAtMs, priority, skipped: 0, chunksWaited: 0 };
    this.hop.scheduler.wake(this);
  }

  peekStep(): ScheduledStep | null {
    return this.#waiting;
  }

  takeStep(): void {
    this.#waiting = null;
  }

  finishStep(): void {
    this.pass();
  }
}

class Hop {
  readonly scheduler: Scheduler<ScheduledStep>;
  busyMs = 0;

  constructor(
    readonly time: VirtualTime,
    computeMs: (items: readonly StepItem[]) => number,
  ) {
    this.scheduler = new Scheduler<ScheduledStep>({
      clock: time,
      engine: {
        step: async (items) => {
          const elapsedMs = computeMs(items);
          this.busyMs += elapsedMs;
          await time.sleep(elapsedMs);
          return { outcomes: items.map(() => ok), computeUs: 1000 * elapsedMs };
        },
      },
    });
  }
}

/** Tokens a second of sessions that go round over hops, after they found their rhythm. */
async function tokensPerSecond(options: {
  readonly sessions: number;
  readonly computeMs: readonly ((rows: number) => number)[];
  readonly travelMs: number;
}): Promise<number> {
  const { sessions, computeMs, travelMs } = options;
  const time = new VirtualTime();
  const rowsOf = (items: readonly StepItem[]) => items.reduce((sum, { rows }) => sum + rows, 0);
  const hops = computeMs.map((cost) => new Hop(time, (items) => cost(rowsOf(items))));
  let tokens = 0;
  for (let session = 0; session < sessions; session++) {
    const places: Place[] = hops.map((hop, index) => {
      const isLast = index === hops.length - 1;
      const pass = () => {
        if (isLast) tokens += 1;
        time.schedule(travelMs, () => places[isLast ? 0 : index + 1]?.arrive());
      };
      return new Place(hop, pass);
    });
    places[0]?.arrive();
  }
  await time.runUntil(5_000);
  const warm = tokens;
  await time.runUntil(15_000);
  return (tokens - warm) / 10;
}

describe('sessions that share hops', () => {
  const perRow = (rows: number) => 4 + 4 * rows;
  const fixed = () => 20;

  it('keep all hops busy where a batch takes longer with each row', async () => {
    const whole = (rows: number) => 2 * perRow(rows);
    const options = { sessions: 8, travelMs: 0.5 };
    const one = await tokensPerSecond({ ...options, computeMs: [whole] });
    const two = await tokensPerSecond({ ...options, computeMs: [perRow, perRow] });
    expect(two / one).toBeGreaterThan(1.6);
  });

  it('lose next to nothing where a batch takes as long with many rows', async () => {
    const options = { sessions: 8, travelMs: 0.5 };
    const one = await tokensPerSecond({ ...options, computeMs: [() => 2 * fixed()] });
    const two = await tokensPerSecond({ ...options, computeMs: [fixed, fixed] });
    const slowAndFast = await tokensPerSecond({ ...options, computeMs: [() => 38, () => 2] });
    expect(two / one).toBeGreaterThan(0.92);
    expect(slowAndFast / one).toBeGreaterThan(0.92);
  });

  it('are batched as before on a single hop, and over slow links', async () => {
    const single = await tokensPerSecond({ sessions: 8, travelMs: 0.5, computeMs: [fixed] });
    expect(single).toBeGreaterThan((0.95 * 8 * 1000) / 21);
    const far = await tokensPerSecond({ sessions: 8, travelMs: 50, computeMs: [fixed, fixed] });
    expect(far).toBeGreaterThan((0.9 * 8 * 1000) / (2 * (20 + 50)));
  });
});

describe('a prompt beside somebody who decodes', () => {
  it('delays no token by more than one of its chunks, and gets on', async () => {
    const time = new VirtualTime();
    const chunkMs = 30;
    const hop = new Hop(time, (items) => ((items[0]?.rows ?? 0) > 8 ? chunkMs : 5));
    const gaps: number[] = [];
    let arrivedAtMs = 0;
    const reader = new Place(hop, () => {
      gaps.push(time.nowMs - arrivedAtMs);
      // At once: there is never a gap in which a prompt could be computed.
      arrivedAtMs = time.nowMs;
      reader.arrive();
    });
    reader.arrive();
    const chunks = [0, 0, 0];
    const prompts = chunks.map((_, index): Place => {
      const prompt: Place = new Place(hop, () => {
        chunks[index] = (chunks[index] ?? 0) + 1;
        time.schedule(1, () => prompt.arrive(64));
      });
      return prompt;
    });
    for (const prompt of prompts) prompt.arrive(64);
    await time.runUntil(10_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(chunkMs + 5 + 5);
    expect(Math.min(...chunks)).toBeGreaterThan(20);
    expect(Math.max(...chunks) - Math.min(...chunks)).toBeLessThanOrEqual(1);
  });
});

describe('work in the background', () => {
  it('takes what others leave, and a turn now and then when they leave nothing', async () => {
    const stepMs = 10;
    const run = async (sessions: number, pauseMs: number) => {
      const time = new VirtualTime();
      const hop = new Hop(time, () => stepMs);
      const done = { interactive: 0, background: 0 };
      const worstMs = { interactive: 0, background: 0 };
      const start = (priority: Priority, awayMs: number) => {
        let arrivedAtMs = 0;
        const place: Place = new Place(
          hop,
          () => {
            done[priority] += 1;
            worstMs[priority] = Math.max(worstMs[priority], time.nowMs - arrivedAtMs);
            time.schedule(awayMs, () => {
              arrivedAtMs = time.nowMs;
              place.arrive();
            });
          },
          priority,
        );
        place.arrive();
      };
      for (let count = 0; count < sessions; count++) start('interactive', pauseMs);
      start('background', 0);
      await time.runUntil(20_000);
      return { done, worstMs };
    };
    const shared = await run(1, 3 * stepMs);
    expect(shared.worstMs.interactive).toBeLessThanOrEqual(2 * stepMs);
    expect(shared.done.background).toBeGreaterThan(shared.done.interactive);
    const crowded = await run(3, 1);
    expect(crowded.worstMs.interactive).toBeLessThanOrEqual(3 * stepMs);
    expect(crowded.done.interactive).toBeGreaterThan(50 * crowded.done.background);
    expect(crowded.worstMs.background).toBeLessThan(2_100);
  });
});

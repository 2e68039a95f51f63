import { describe, expect, it } from 'vitest';
import {
  type ParallelOptions,
  type ParallelTask,
  runParallel,
} from '../../src/batch/run-parallel.js';

type Work = (task: ParallelTask<number, string>) => Promise<void>;

async function collect(
  source: Iterable<number> | AsyncIterable<number>,
  work: Work,
  options: ParallelOptions,
): Promise<string[]> {
  const events: string[] = [];
  for await (const event of runParallel(source, work, options)) events.push(event);
  return events;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('runParallel', () => {
  it('works on as many at once as it may, and yields everything', async () => {
    let running = 0;
    let most = 0;
    const work: Work = async ({ item, index, emit }) => {
      running += 1;
      most = Math.max(most, running);
      for (let turns = 0; turns < 1 + (item % 3); turns += 1) await turn();
      running -= 1;
      emit(`${index}:${item}`);
    };
    const items = Array.from({ length: 40 }, (_, index) => index * 2);
    const events = await collect(items, work, { concurrency: 5 });
    expect(most).toBe(5);
    expect(events.sort()).toEqual(items.map((item, index) => `${index}:${item}`).sort());
  });

  it.each([1, 2, 7])('ends when the work needs no time at all, %i at once', async (concurrency) => {
    const work: Work = async ({ item, emit }) => emit(`${item}`);
    expect(await collect([1, 2, 3, 4, 5], work, { concurrency })).toHaveLength(5);
    expect(await collect([1, 2, 3], async () => {}, { concurrency })).toEqual([]);
    expect(await collect([], work, { concurrency })).toEqual([]);
  });

  it('reads no further than it has places', async () => {
    let read = 0;
    const source = (async function* () {
      for (; read < 100; read += 1) yield read;
    })();
    const events = runParallel<number, string>(
      source,
      async ({ item, emit, signal }) => {
        emit(`${item}`);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
      { concurrency: 3 },
    );
    expect((await events.next()).value).toBe('0');
    expect((await events.next()).value).toBe('1');
    await events.return();
    expect(read).toBe(3 - 1);
  });

  it('gives up when the work throws, the source does, or the caller aborts', async () => {
    const ended: number[] = [];
    const work: Work = async ({ item, signal }) => {
      if (item === 2) throw new Error('a bad item');
      if (!signal.aborted) {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      }
      ended.push(item);
    };
    await expect(collect([0, 1, 2, 3], work, { concurrency: 3 })).rejects.toThrow('a bad item');
    expect(ended.sort()).toEqual([0, 1]);
    const source = (function* () {
      yield 1;
      throw new Error('a bad line');
    })();
    await expect(collect(source, async () => {}, { concurrency: 2 })).rejects.toThrow('a bad line');
    const leave = new AbortController();
    const aborted = collect([0, 1], work, { concurrency: 2, signal: leave.signal });
    leave.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
  });

  it('begins nothing while it may not', async () => {
    let isOpen = false;
    const order: string[] = [];
    const work: Work = async ({ item, emit }) => {
      order.push(`${item}`);
      if (item === 0) {
        await turn();
        isOpen = true;
      }
      emit(`${item}`);
    };
    const mayBegin = () => isOpen || order.length === 0;
    expect(await collect([0, 1, 2], work, { concurrency: 3, mayBegin })).toEqual(['0', '1', '2']);
  });
});

import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/gateway/admission/fair-queue.js';
import { idle, settle, TestClock } from '../support/test-clock.js';

const { signal } = new AbortController();

function setUp(limits: Partial<ConstructorParameters<typeof FairQueue>[1]> = {}) {
  const clock = new TestClock();
  const queue = new FairQueue(clock, {
    places: 1,
    waitingMax: 10,
    waitingPerKeyMax: 6,
    waitMsMax: 1000,
    ...limits,
  });
  const order: string[] = [];
  const leave = new Map<string, () => void>();
  const enter = async (key: string, name: string, placesMax = 10) => {
    const release = await queue.acquire(key, { placesMax, signal });
    order.push(name);
    leave.set(name, release);
  };
  return { clock, queue, order, leave, enter };
}

describe('FairQueue', () => {
  it('takes keys in turn, whoever asked most', async () => {
    const { order, leave, enter } = setUp();
    const names = ['a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'];
    for (const name of names) void enter(name[0] as string, name);
    for (let served = 0; served < names.length; served += 1) {
      await idle();
      leave.get(order.at(-1) as string)?.();
    }
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1', 'a3', 'b2', 'a4']);
  });

  it('leaves places to others that a key may not take', async () => {
    const { queue, order, leave, enter } = setUp({ places: 3 });
    for (const name of ['a1', 'a2', 'a3']) void enter('a', name, 2);
    void enter('b', 'b1', 2);
    await idle();
    expect(order).toEqual(['a1', 'a2', 'b1']);
    expect(queue.waiting).toBe(1);
    leave.get('b1')?.();
    await idle();
    expect(order).not.toContain('a3');
    leave.get('a1')?.();
    await idle();
    expect(order.at(-1)).toBe('a3');
  });

  it('gives a place back once', async () => {
    const { queue, leave, enter } = setUp({ places: 2 });
    await enter('a', 'a1');
    await enter('a', 'a2');
    leave.get('a1')?.();
    leave.get('a1')?.();
    expect(queue.running).toBe(1);
  });

  it('refuses when too many wait', async () => {
    const { queue, enter } = setUp({ waitingMax: 3, waitingPerKeyMax: 2 });
    await enter('a', 'a1');
    void enter('a', 'a2');
    void enter('a', 'a3');
    await expect(enter('a', 'a4')).rejects.toMatchObject({ code: 'busy' });
    void enter('b', 'b1');
    await expect(enter('c', 'c1')).rejects.toMatchObject({ code: 'busy' });
    expect(queue.waiting).toBe(3);
  });

  it('refuses who waited too long', async () => {
    const { clock, queue, enter } = setUp();
    await enter('a', 'a1');
    await expect(settle(clock, enter('b', 'b1'))).rejects.toMatchObject({ code: 'busy' });
    expect(queue.waiting).toBe(0);
  });

  it('forgets who left', async () => {
    const { clock, queue, order, leave, enter } = setUp();
    await enter('a', 'a1');
    const controller = new AbortController();
    const waiting = queue.acquire('b', { placesMax: 1, signal: controller.signal });
    const outcome = expect(waiting).rejects.toMatchObject({ code: 'aborted' });
    void enter('c', 'c1');
    controller.abort();
    await outcome;
    leave.get('a1')?.();
    await idle();
    expect(order).toEqual(['a1', 'c1']);
    leave.get('c1')?.();
    expect(queue.running).toBe(0);
    expect(clock.timerCount).toBe(0);
    await expect(
      queue.acquire('b', { placesMax: 1, signal: controller.signal }),
    ).rejects.toMatchObject({ code: 'aborted' });
  });
});

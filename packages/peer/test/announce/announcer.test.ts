import type { Clock, Directory } from '@skein/client/network';
import type { ModelHash, PeerId, VerifiedRecord } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { type Announcement, Announcer } from '../../src/announce/announcer.js';

/** Time that passes when a test says so. */
class ManualClock implements Clock {
  #now = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  schedule(delayMs: number, callback: () => void): () => void {
    const timer = { atMs: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ atMs }) => atMs <= end);
      const next = due.sort((left, right) => left.atMs - right.atMs)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = next.atMs;
      next.callback();
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    }
    this.#now = end;
  }
}

function figures(): Omit<Announcement, 'state'> {
  return {
    name: 'goose',
    model: 'ab'.repeat(32) as ModelHash,
    modelName: 'tiny',
    blockCount: 8,
    hiddenSize: 64,
    contextLength: 512,
    span: { start: 0, end: 4 },
    ends: { embedding: true, head: false },
    numericKind: 'f32/f32',
    decodeBlocksPerSecond: 1000,
    prefillBlockRowsPerSecond: 50_000,
    kvTokensFree: 1024,
    kvTokensMax: 1024,
    queuedRows: 0,
    sessions: 0,
    multiaddrs: ['/ip4/192.0.2.1/tcp/1'],
  };
}

function start() {
  const clock = new ManualClock();
  const published: Announcement[] = [];
  const directory = {
    async publish(body: Announcement): Promise<VerifiedRecord> {
      published.push(body);
      return { peerId: 'x' as PeerId, body: body as never, bytes: new Uint8Array(1) };
    },
  } as unknown as Directory;
  let current = figures();
  const announcer = new Announcer({ directory, clock, describe: () => current });
  const change = (fields: Partial<Announcement>) => {
    current = { ...current, ...fields };
  };
  return { clock, published, announcer, change };
}

describe('an announcer', () => {
  it('publishes states at once, and figures when they changed noticeably', async () => {
    const { clock, published, announcer, change } = start();
    await announcer.announce('joining');
    change({ decodeBlocksPerSecond: 1500 });
    await announcer.announce('serving');
    expect(published.map(({ state }) => state)).toEqual(['joining', 'serving']);
    change({ kvTokensFree: 1000, sessions: 1 });
    await clock.pass(20_000);
    expect(published).toHaveLength(2);
    change({ kvTokensFree: 400 });
    await clock.pass(10_000);
    expect(published.at(-1)).toMatchObject({ kvTokensFree: 400, state: 'serving' });
    expect(published).toHaveLength(3);
  });

  it('does not publish figures too often', async () => {
    const { clock, published, announcer, change } = start();
    await announcer.announce('serving');
    for (let count = 1; count <= 20; count++) {
      change({ queuedRows: 5_000 * count });
      await clock.pass(1_000);
    }
    expect(published.length).toBeLessThanOrEqual(5);
    expect(published.length).toBeGreaterThanOrEqual(3);
  });

  it('tells of a plan to move, and of its withdrawal, when it is asked to', async () => {
    const { clock, published, announcer, change } = start();
    await announcer.announce('serving');
    change({ nextSpan: { start: 4, end: 8 } });
    await announcer.update();
    expect(published.at(-1)).toMatchObject({ state: 'serving', nextSpan: { start: 4, end: 8 } });
    change({ nextSpan: { start: 2, end: 6 } });
    await clock.pass(10_000);
    expect(published.at(-1)).toMatchObject({ nextSpan: { start: 2, end: 6 } });
    expect(published).toHaveLength(3);
  });

  it('tells of a queue that a mover would follow', async () => {
    const { clock, published, announcer, change } = start();
    await announcer.announce('serving');
    change({ queuedRows: 10 });
    await clock.pass(20_000);
    expect(published).toHaveLength(1);
    change({ queuedRows: 20 });
    await clock.pass(10_000);
    expect(published.at(-1)).toMatchObject({ queuedRows: 20 });
  });

  it('says nothing after its goodbye', async () => {
    const { clock, published, announcer, change } = start();
    await announcer.announce('serving');
    await announcer.announce('gone');
    change({ kvTokensFree: 1 });
    await clock.pass(60_000);
    expect(published.map(({ state }) => state)).toEqual(['serving', 'gone']);
    expect(announcer.state).toBe('gone');
  });
});

import type { Directory } from '@skein/client/network';
import { type PeerId, SkeinError, type Span, type VerifiedRecord } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { settle, TestClock } from '../../../client/test/support/test-clock.js';
import { type Announcement, Announcer } from '../../src/announce/announcer.js';
import { infoFigures } from '../../src/describe-peer.js';
import type { HostedModel } from '../../src/hosting/hosted-model.js';
import { PeerSpans } from '../../src/hosting/peer-spans.js';
import type { Placement } from '../../src/hosting/place-peer.js';
import type { PlacementPeer, PlacementSwarm } from '../../src/placement/index.js';
import type { MoveEvent } from '../../src/rebalance/move-events.js';
import { type MoveEnvironment, type MoveOutcome, moveSpan } from '../../src/rebalance/move-span.js';
import { Cleanup } from '../support/cleanup.js';
import { endsOf, startNode, toyModel } from '../support/swarm.js';
import { ToyEngine, toyConfig } from '../support/toy-engine.js';

const front: Span = { start: 0, end: 3 };
const back: Span = { start: 3, end: 6 };
const proposal = { span: back, gain: 0.4, reason: '0:3 to 3:6: because' };
const announceMs = 90_000;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

function placeAt(span: Span): Placement {
  return { span, ends: endsOf(span), kvTokensMax: 64, capacityBlocks: 3, reason: 'test' };
}

const member = (id: string, span: Span, rest: Partial<PlacementPeer> = {}): PlacementPeer => ({
  id,
  span,
  blocksPerSecond: 1000,
  ...rest,
});

/** A peer `b` on the front half that is about to move, with everything but its network real. */
async function startMover(options: Partial<MoveEnvironment> = {}) {
  const clock = new TestClock();
  const node = await startNode(cleanup);
  const engines: ToyEngine[] = [];
  const loads: ((span: Span) => void)[] = [];
  const spans = new PeerSpans(placeAt(front), {
    node,
    model: toyModel,
    clock,
    loadEngine: async ({ span, ends, kvTokensMax }) => {
      loads.shift()?.(span);
      const engine = new ToyEngine({ span, ends, kvTokensMax });
      engines.push(engine);
      return engine;
    },
    events: {},
    onEngineFailure: () => undefined,
  });
  const published: Announcement[] = [];
  const directory = {
    async publish(body: Announcement): Promise<VerifiedRecord> {
      published.push(body);
      return { peerId: 'b' as PeerId, body: body as never, bytes: new Uint8Array(1) };
    },
  } as unknown as Directory;
  const model = {
    file: { config: toyConfig },
    manifest: { name: 'toy' },
    hash: toyModel,
  } as unknown as HostedModel;
  const parts = { node, name: 'b', model, spans, isMovable: true };
  const announcer = new Announcer({
    directory,
    clock,
    describe: () => infoFigures.announced(parts),
  });
  cleanup.add(async () => announcer.stop());
  await spans.load(placeAt(front), new AbortController().signal);
  spans.promote();
  await announcer.announce('serving');
  const events: MoveEvent[] = [];
  const others = [member('c', front), member('d', back)];
  const own = () => member('b', front, { nextSpan: back });
  const environment: MoveEnvironment = {
    selfId: 'b',
    spans,
    announcer,
    clock,
    announceMs,
    view: () => ({ swarm: { blockCount: 6, peers: [own(), ...others] }, demand: [] }),
    askCoHosts: async () => ({ blockCount: 6, peers: [own(), ...others] }),
    placeAt,
    room: () => ({ neededBytes: 10, freeBytes: 20, isEnough: true }),
    onEvent: (event) => events.push(event),
    ...options,
  };
  const abort = new AbortController();
  const move = (): Promise<MoveOutcome> =>
    settle(clock, moveSpan(environment, proposal, abort.signal));
  const lastRecord = () => published.at(-1);
  return { clock, spans, engines, loads, published, announcer, events, abort, move, lastRecord };
}

const states = (published: readonly Announcement[]) =>
  published.map(({ state, span, nextSpan }) => [state, span.start, nextSpan?.start ?? null]);

describe('a move', () => {
  it('is announced, and the new span is there before the old one goes', async () => {
    const { clock, spans, engines, published, events, move } = await startMover();
    const startedAtMs = clock.now();
    expect(await move()).toBe('moved');
    expect(states(published)).toEqual([
      ['serving', 0, null],
      ['serving', 0, 3],
      ['serving', 3, null],
    ]);
    expect(clock.now() - startedAtMs).toBeGreaterThanOrEqual(announceMs);
    expect(events.map(({ type }) => type)).toEqual(['move-planned', 'moved', 'span-released']);
    expect(events[1]).toMatchObject({ from: front, to: back, gain: 0.4, reason: proposal.reason });
    expect(engines).toHaveLength(2);
    expect(spans.hosts).toEqual([spans.current?.host]);
    expect(spans.current?.engine).toBe(engines[1]);
    expect(spans.nextSpan).toBeNull();
  });

  it('keeps what is known of the machine’s speed, measured without a second engine beside it', async () => {
    const { spans, move } = await startMover();
    const before = spans.current?.meter.throughput;
    await move();
    expect(spans.current?.meter.throughput).toEqual(before);
  });

  it('is called off when another set out at once and one is enough', async () => {
    const rival = member('a', front, { nextSpan: back });
    const peers = [rival, member('b', front, { nextSpan: back }), member('d', back)];
    const swarm: PlacementSwarm = { blockCount: 6, peers: [...peers, member('e', front)] };
    const { engines, events, move, lastRecord } = await startMover({
      view: () => ({ swarm, demand: [] }),
    });
    expect(await move()).toBe('cancelled');
    expect(engines).toHaveLength(1);
    expect(lastRecord()).toMatchObject({ state: 'serving', span: front });
    expect(lastRecord()).not.toHaveProperty('nextSpan');
    expect(events.at(-1)).toMatchObject({ type: 'move-cancelled', from: front, to: back });
  });

  it('is called off when no co-host answers, and what was loaded is freed', async () => {
    const own = member('b', front);
    const { spans, engines, events, move, lastRecord } = await startMover({
      askCoHosts: async () => ({ blockCount: 6, peers: [own] }),
    });
    expect(await move()).toBe('cancelled');
    expect(engines).toHaveLength(2);
    expect(spans.current?.engine).toBe(engines[0]);
    expect(spans.promote()).toBe(false);
    expect(lastRecord()).not.toHaveProperty('nextSpan');
    expect(events.at(-1)).toMatchObject({ reason: expect.stringContaining('no other host') });
  });

  it('does not rely on answers of before this machine slept', async () => {
    const started = await startMover({
      askCoHosts: async () => {
        started.clock.advance(30_000);
        return { blockCount: 6, peers: [member('b', front), member('c', front)] };
      },
    });
    expect(await started.move()).toBe('cancelled');
    expect(started.events.at(-1)).toMatchObject({ reason: expect.stringContaining('out of date') });
  });

  it('counts on no co-host that has announced to leave as well', async () => {
    const leaving = member('c', front, { nextSpan: back });
    const { move, spans } = await startMover({
      askCoHosts: async () => ({ blockCount: 6, peers: [member('b', front), leaving] }),
    });
    expect(await move()).toBe('cancelled');
    expect(spans.placement.span).toEqual(front);
  });

  it('is called off with an error when the blocks cannot be loaded', async () => {
    const { loads, events, move, lastRecord } = await startMover();
    loads.push(() => {
      throw new SkeinError('disk-full', 'no room on the disk');
    });
    expect(await move()).toBe('failed');
    expect(events.at(-1)).toMatchObject({ type: 'move-cancelled', error: { code: 'disk-full' } });
    expect(lastRecord()).toMatchObject({ state: 'serving', span: front });
    expect(lastRecord()).not.toHaveProperty('nextSpan');
  });

  it('is called off when the engine of the new blocks fails before it is needed', async () => {
    const started = await startMover({
      askCoHosts: async () => {
        started.engines[1]?.crash();
        return { blockCount: 6, peers: [member('b', front), member('c', front)] };
      },
    });
    expect(await started.move()).toBe('cancelled');
    expect(started.spans.placement.span).toEqual(front);
  });

  it('is called off when the peer stopped serving meanwhile', async () => {
    const { announcer, engines, move } = await startMover({
      view: () => {
        throw new Error('not reached');
      },
    });
    const moving = move();
    await announcer.announce('joining');
    expect(await moving).toBe('cancelled');
    expect(engines).toHaveLength(1);
  });

  it.each(['announced', 'loading', 'asking'] as const)(
    'ends when the peer is stopped: %s',
    async (stage) => {
      const started = await startMover(
        stage === 'asking'
          ? {
              askCoHosts: async () => {
                started.abort.abort();
                return { blockCount: 6, peers: [member('b', front), member('c', front)] };
              },
            }
          : {},
      );
      if (stage === 'loading') started.loads.push(() => started.abort.abort());
      const moving = started.move();
      if (stage === 'announced') started.abort.abort();
      expect(await moving).toBe('cancelled');
      expect(started.events.at(-1)).toMatchObject({ reason: 'the peer is stopped' });
      expect(started.spans.placement.span).toEqual(front);
      expect(started.spans.nextSpan).toBeNull();
      expect(started.spans.promote()).toBe(false);
    },
  );
});

describe('a move for which memory is too small', () => {
  const room = () => ({ neededBytes: 30, freeBytes: 20, isEnough: false });

  it('gives the old span up first, since others host all of it, and says so', async () => {
    const { engines, published, events, spans, move } = await startMover({ room });
    expect(await move()).toBe('moved');
    expect(states(published)).toEqual([
      ['serving', 0, null],
      ['serving', 0, 3],
      ['draining', 0, 3],
      ['joining', 3, null],
      ['serving', 3, null],
    ]);
    const types = events.map(({ type }) => type);
    expect(types).toEqual(['move-planned', 'move-drains-first', 'span-released', 'moved']);
    expect(events[1]).toMatchObject({ neededBytes: 30, freeBytes: 20 });
    expect(spans.current?.engine).toBe(engines[1]);
    expect(spans.hosts).toHaveLength(1);
  });

  it('does not, where a block that it keeps has no other host either', async () => {
    const swarm = { blockCount: 6, peers: [member('b', front), member('c', { start: 0, end: 2 })] };
    const { engines, move, published } = await startMover({ room, askCoHosts: async () => swarm });
    expect(await move()).toBe('cancelled');
    expect(engines).toHaveLength(1);
    expect(published.some(({ state }) => state === 'draining')).toBe(false);
  });

  it('does so as well when the engine finds out', async () => {
    const { loads, events, move, engines } = await startMover();
    loads.push(() => {
      throw new SkeinError('out-of-memory', 'the weights do not fit');
    });
    expect(await move()).toBe('moved');
    expect(events.map(({ type }) => type)).toContain('move-drains-first');
    expect(engines).toHaveLength(2);
  });

  it('goes back to where it was when the new span cannot be loaded', async () => {
    const { loads, events, move, lastRecord, spans } = await startMover({ room });
    loads.push(() => {
      throw new SkeinError('model-corrupt', 'a file is cut off');
    });
    expect(await move()).toBe('failed');
    expect(lastRecord()).toMatchObject({ state: 'serving', span: front });
    expect(spans.current?.engine.info.span).toEqual(front);
    expect(events.at(-1)).toMatchObject({
      type: 'move-cancelled',
      error: { code: 'model-corrupt' },
    });
  });

  it('says goodbye when not even the old span can be loaded again', async () => {
    const { loads, move, lastRecord } = await startMover({ room });
    for (let count = 0; count < 2; count++) {
      loads.push(() => {
        throw new SkeinError('model-corrupt', 'a file is cut off');
      });
    }
    expect(await move()).toBe('failed');
    expect(lastRecord()).toMatchObject({ state: 'gone' });
  });
});

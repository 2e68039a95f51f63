import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { routingLimits } from '../../src/routing/routing-limits.js';
import { idle, settle } from '../support/test-clock.js';
import { toyGreedy } from '../support/toy-model.js';
import {
  expected,
  failAt,
  generate,
  model,
  prompt,
  reroutesOf,
  setUp,
  sixPeers,
} from '../support/toy-session.js';

describe('recovery', () => {
  it('goes on when the replacement fails while its cache is rebuilt', async () => {
    const peers = [...sixPeers, { name: 'b3', span: [2, 4], decodeBlocksPerSecond: 50 } as const];
    const { swarm, clock, events, session } = setUp(peers);
    swarm.peer('b1').rules.push(failAt(25, 'kill'));
    swarm
      .peer('b2')
      .rules.push(({ isReplay, position }) => (isReplay && position > 9 ? 'kill' : null));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    expect(reroutesOf(events)).toMatchObject([
      { lostPeer: swarm.peer('b1').peer, newPeers: [swarm.peer('b3').peer] },
      { lostPeer: swarm.peer('b2').peer, newPeers: [swarm.peer('b3').peer] },
    ]);
  });

  it('soon asks the only host again whose connection ended', async () => {
    const { swarm, clock, session } = setUp(sixPeers.slice(0, 3));
    swarm.peer('b1').rules.push(failAt(25, 'close'));
    const startedAtMs = clock.now();
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    expect(clock.now() - startedAtMs).toBeLessThan(2 * routingLimits.banMsFirstClosed);
  });

  it('notices a replacement that hangs while its cache is rebuilt', async () => {
    const peers = [...sixPeers, { name: 'c3', span: [4, 6], decodeBlocksPerSecond: 50 } as const];
    const { swarm, clock, session } = setUp(peers);
    swarm.peer('c1').rules.push(failAt(25, 'close'));
    swarm
      .peer('c2')
      .rules.push(({ isReplay, position }) => (isReplay && position > 9 ? 'hang' : null));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it('keeps what a surviving replacement has rebuilt when another hop fails meanwhile', async () => {
    const { swarm, clock, session } = setUp();
    swarm.peer('b1').rules.push(failAt(25, 'kill'));
    let rebuiltRows = 0;
    swarm.peer('b2').rules.push(({ isReplay, position, rows }) => {
      if (isReplay) rebuiltRows += rows;
      if (isReplay && position === 9) swarm.peer('c1').kill();
      return null;
    });
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    expect(rebuiltRows).toBeGreaterThan(0);
  });

  it.each(['b1', 'c1'])('replays tokens where the history before %s is gone', async (lost) => {
    const { swarm, clock, session } = setUp();
    swarm.peer(lost).rules.push(failAt(25, 'kill'));
    for (const name of ['a1', 'b1']) swarm.peer(name).forgetsHistory = true;
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it.each(['b1', 'c1'])('replays tokens where the history before %s is too short', async (lost) => {
    const peers = sixPeers.map((peer) => ({ ...peer, historyRows: 5 }));
    const { swarm, clock, session } = setUp(peers);
    swarm.peer(lost).rules.push(failAt(25, 'kill'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it.each([
    ['neighbours', ['a1', 'b1']],
    ['both ends', ['a1', 'c1']],
    ['all hops', ['a1', 'b1', 'c1']],
  ])('replaces several hops that fail at once: %s', async (_name, lost) => {
    const { swarm, clock, session } = setUp();
    swarm.peer('b1').rules.push((context) => {
      const action = failAt(25, 'kill')(context);
      if (action !== null) for (const name of lost) swarm.peer(name).kill();
      return action;
    });
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it('replaces one hop by several', async () => {
    const { swarm, clock, events, session } = setUp([
      { name: 'a', span: [0, 1] },
      { name: 'b', span: [1, 5] },
      { name: 'c', span: [5, 6] },
      { name: 'x', span: [0, 3], decodeBlocksPerSecond: 10 },
      { name: 'y', span: [3, 6], decodeBlocksPerSecond: 10 },
    ]);
    swarm.peer('b').rules.push(failAt(25, 'kill'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    const newPeers = [swarm.peer('x').peer, swarm.peer('y').peer];
    expect(reroutesOf(events)).toMatchObject([{ lostPeer: swarm.peer('b').peer, newPeers }]);
    expect(swarm.violations).toEqual([]);
  });

  it('plans a fresh route where the survivors stand in the way of a repair', async () => {
    // `a` serves 0:3 already, so nobody else can take over block 3.
    const { swarm, clock, session } = setUp([
      { name: 'a', span: [0, 4] },
      { name: 'b', span: [3, 6], decodeBlocksPerSecond: 2000 },
      { name: 'c', span: [4, 6], decodeBlocksPerSecond: 10 },
    ]);
    swarm.peer('b').rules.push(failAt(25, 'kill'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('relays an edge between two peers that cannot reach each other', async () => {
    const { swarm, clock, view, events, session } = setUp(sixPeers.slice(0, 3));
    swarm.blockedEdges.add('a1>b1');
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(reroutesOf(events)).toMatchObject([
      { kind: 'relayed', reason: 'peer-unreachable', lostPeer: swarm.peer('a1').peer },
    ]);
    expect(view.bans.nextExpiryMs()).toBeNull();
    expect(swarm.violations).toEqual([]);
  });

  it('relays from the middle of a generation on, and replays over a relayed edge', async () => {
    const { swarm, clock, session } = setUp([...sixPeers.slice(0, 4), ...sixPeers.slice(4)]);
    const onToken = (index: number) => {
      if (index === 3) swarm.blockedEdges.add('b1>c1').add('b1>c2');
    };
    swarm.peer('c1').rules.push(failAt(28, 'kill'));
    expect(await settle(clock, generate(session, { onToken }))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it('mends a step that was lost on the way', async () => {
    const { swarm, clock, session } = setUp();
    const push = swarm.push.bind(swarm);
    let isLost = false;
    swarm.push = (from, to, id, step, tensor) => {
      if (!isLost && from.name === 'a1' && (step as { position: number }).position === 25) {
        isLost = true;
        return true;
      }
      return push(from, to, id, step, tensor);
    };
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(isLost).toBe(true);
    expect(swarm.violations).toEqual([]);
  });

  it('replaces a last hop whose logits are no numbers', async () => {
    const { swarm, clock, view, session } = setUp();
    swarm.peer('c1').rules.push(failAt(25, 'corrupt'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(view.bans.isBanned(swarm.peer('c1').peer)).toBe(true);
  });

  it('waits for a hop that is busy with other sessions', async () => {
    const { swarm, clock, events, session } = setUp();
    const slow = swarm.peer('b1');
    slow.queuedRows = 500;
    slow.rules.push(failAt(25, 'stick'));
    clock.schedule(60_000, () => {
      slow.queuedRows = 0;
    });
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(reroutesOf(events)).toHaveLength(1);
  });
});

describe('without a route', () => {
  it('says at once which blocks and ends are missing', async () => {
    const { clock, session } = setUp([
      { name: 'a', span: [0, 2] },
      { name: 'c', span: [3, 5] },
    ]);
    await expect(settle(clock, session.open())).rejects.toMatchObject({
      code: 'no-route',
      message: expect.stringContaining('blocks 2:3, 5:6, the LM head'),
      details: {
        missingBlocks: [
          { start: 2, end: 3 },
          { start: 5, end: 6 },
        ],
      },
    });
  });

  it('waits for a peer to come back, and goes on', async () => {
    const { swarm, clock, events, session } = setUp(sixPeers.slice(0, 3));
    swarm.peer('b1').rules.push(failAt(25, 'kill'));
    clock.schedule(8000, () => {
      swarm.peer('b1').revive();
      swarm.announceAgain('b1');
    });
    expect(await settle(clock, generate(session))).toEqual(expected);
    const missing = { missingBlocks: [{ start: 2, end: 4 }] };
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'waiting', missing: expect.objectContaining(missing) }),
    );
    expect(swarm.violations).toEqual([]);
  });

  it('gives up after the time named', async () => {
    const { swarm, clock, session } = setUp(sixPeers.slice(0, 3), { returnWaitMs: 20_000 });
    swarm.peer('b1').rules.push(failAt(25, 'kill'));
    const startedAtMs = clock.now();
    await expect(settle(clock, generate(session))).rejects.toMatchObject({ code: 'no-route' });
    expect(clock.now() - startedAtMs).toBeGreaterThanOrEqual(20_000);
    expect(clock.now() - startedAtMs).toBeLessThan(30_000);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('passes over a peer that does not answer when the session opens', async () => {
    const { swarm, clock, events, session } = setUp();
    swarm.peer('a1').kill();
    swarm.peer('c1').isHung = true;
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(reroutesOf(events)).toEqual([]);
  });
});

describe('a session over several turns', () => {
  it('goes on where it was', async () => {
    const { clock, session } = setUp();
    const first = await settle(clock, generate(session));
    // The last token was chosen but not computed.
    const next = [first.at(-1) as number, 5, 6, 7];
    const second = await settle(clock, generate(session, { prompt: next }));
    expect(second).toEqual(toyGreedy(model, [...prompt, ...first, 5, 6, 7], second.length));
  });

  it('rolls back', async () => {
    const { swarm, clock, session } = setUp();
    await settle(clock, generate(session));
    await session.truncate(prompt.length);
    const again = await settle(clock, generate(session, { prompt: [9] }));
    expect(again).toEqual(toyGreedy(model, [...prompt, 9], again.length));
    expect(swarm.violations).toEqual([]);
  });

  it('replaces a hop that died between the turns', async () => {
    const { swarm, clock, session } = setUp();
    const first = await settle(clock, generate(session));
    swarm.peer('b1').kill();
    await idle();
    const next = [first.at(-1) as number, 5];
    const second = await settle(clock, generate(session, { prompt: next }));
    expect(second).toEqual(toyGreedy(model, [...prompt, ...first, 5], second.length));
  });

  it('replaces a hop that fell silent between the turns, after a roll-back', async () => {
    const { swarm, clock, session } = setUp();
    await settle(clock, generate(session));
    swarm.peer('b1').isHung = true;
    await session.truncate(10);
    const tokens = [...prompt.slice(10), 9];
    const again = await settle(clock, generate(session, { prompt: tokens }));
    expect(again).toEqual(toyGreedy(model, [...prompt, 9], again.length));
  });

  it('computes the last token once more with all logits', async () => {
    const { clock, session } = setUp();
    const few = await settle(clock, session.extend(prompt as TokenId[], { topK: 4 }));
    const all = await settle(clock, session.again());
    expect(few).toMatchObject({ rowCount: 1, width: 4 });
    expect(all).toMatchObject({ rowCount: 1, width: model.vocabSize, ids: null });
    expect(all?.logits[few?.ids?.[0] as number]).toBe(few?.logits[0]);
    expect(session.length).toBe(prompt.length);
  });

  it('returns the logits of all rows, also when a hop fails in between', async () => {
    const unbroken = setUp();
    const rows = await settle(
      unbroken.clock,
      unbroken.session.extend(prompt as TokenId[], { logits: 'all' }),
    );
    expect(rows?.rowCount).toBe(prompt.length);
    const { swarm, clock, session } = setUp();
    swarm.peer('b1').rules.push(failAt(9, 'kill'));
    const mended = await settle(clock, session.extend(prompt as TokenId[], { logits: 'all' }));
    expect(mended?.logits).toEqual(rows?.logits);
  });

  it('goes on after an aborted turn', async () => {
    const { swarm, clock, session } = setUp();
    const controller = new AbortController();
    swarm.peer('b1').rules.push((context) => {
      if (context.position >= 8) controller.abort();
      return null;
    });
    const { signal } = controller;
    await expect(
      settle(clock, session.extend(prompt as TokenId[], { signal })),
    ).rejects.toMatchObject({ code: 'aborted' });
    const rest = prompt.slice(session.length);
    expect(await settle(clock, generate(session, { prompt: rest }))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
  });

  it('refuses what does not fit, and calls that overlap', async () => {
    const { clock, session } = setUp(sixPeers, { tokensMax: 10 });
    await expect(session.extend(prompt as TokenId[])).rejects.toMatchObject({
      code: 'context-exceeded',
      details: { tokens: 20, tokensMax: 10 },
    });
    const first = session.extend([1] as TokenId[]);
    await expect(session.extend([2] as TokenId[])).rejects.toMatchObject({ code: 'bad-argument' });
    await settle(clock, first);
  });
});

describe('close', () => {
  it('frees the session everywhere, also in the middle of a step', async () => {
    const { swarm, clock, session } = setUp();
    await settle(clock, generate(session));
    swarm.peer('b1').isStuck = true;
    const running = session.extend([1] as TokenId[]);
    await idle();
    const closing = session.close();
    await expect(running).rejects.toMatchObject({ code: 'aborted' });
    await settle(clock, closing);
    expect(swarm.openSessions).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  it('takes less than a second when a hop does not answer', async () => {
    const { swarm, clock, session } = setUp();
    await settle(clock, generate(session));
    swarm.peer('b1').isHung = true;
    const startedAtMs = clock.now();
    await settle(clock, session.close());
    expect(clock.now() - startedAtMs).toBeLessThan(1000);
    expect(swarm.openSessions).toBeLessThanOrEqual(1);
  });
});

import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { idle, settle } from '../support/test-clock.js';
import { toyGreedy } from '../support/toy-model.js';
import {
  expected,
  generate,
  model,
  prompt,
  reroutesOf,
  setUp,
  sixPeers,
  tokenCount,
} from '../support/toy-session.js';
import type { ToyPeer, ToyPeerOptions } from '../support/toy-swarm.js';

/** Counts the rows that a peer computes for a second time. */
function countReplayed(peers: Iterable<ToyPeer>): { rows: number } {
  const count = { rows: 0 };
  for (const peer of peers) {
    peer.rules.push(({ isReplay, rows }) => {
      if (isReplay) count.rows += rows;
      return null;
    });
  }
  return count;
}

/** A generation in which something happens after the fifth token. */
function run(
  peers: readonly ToyPeerOptions[],
  happen: (swarm: ReturnType<typeof setUp>['swarm']) => void,
) {
  const test = setUp(peers);
  const replayed = countReplayed(test.swarm.peers.values());
  const onToken = (index: number) => {
    if (index === 4) happen(test.swarm);
  };
  return { ...test, replayed, tokens: settle(test.clock, generate(test.session, { onToken })) };
}

describe('a peer that leaves', () => {
  it.each(['a1', 'b1', 'c1'])(
    '%s hands its cache over; nothing is computed again',
    async (name) => {
      const { swarm, view, events, session, clock, replayed, tokens } = run(sixPeers, (all) =>
        all.peer(name).drain(),
      );
      expect(await tokens).toEqual(expected);
      expect(replayed.rows).toBe(0);
      expect(swarm.violations).toEqual([]);
      expect(swarm.peer(name).hops.size).toBe(0);
      expect(view.bans.nextExpiryMs()).toBeNull();
      // Four blocks' keys and values, of 16 bytes each, for the prompt and five tokens.
      const moved = { tokens: 25, bytes: 2 * 2 * 25 * 16, path: 'direct' };
      const replacement = swarm.peer(`${name[0]}2`);
      expect(replacement.imports).toBe(1);
      expect(reroutesOf(events)).toMatchObject([
        {
          kind: 'handed-over',
          reason: 'draining',
          lostPeer: swarm.peer(name).peer,
          newPeers: [replacement.peer],
          rebuildMs: 0,
          moved,
        },
      ]);
      await settle(clock, session.close());
      expect(swarm.openSessions).toBe(0);
      expect(clock.timerCount).toBe(0);
    },
  );

  it('hands parts of its cache to several peers', async () => {
    const { swarm, events, replayed, tokens } = run(
      [
        { name: 'a', span: [0, 1] },
        { name: 'b', span: [1, 5] },
        { name: 'c', span: [5, 6] },
        { name: 'x', span: [0, 3], decodeBlocksPerSecond: 10 },
        { name: 'y', span: [3, 6], decodeBlocksPerSecond: 10 },
      ],
      (all) => all.peer('b').drain(),
    );
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    const newPeers = [swarm.peer('x').peer, swarm.peer('y').peer];
    const moved = { tokens: 25, bytes: 4 * 2 * 25 * 16, path: 'direct' };
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over', newPeers, moved }]);
    expect(swarm.violations).toEqual([]);
  });

  it('and its neighbour too: one peer takes both caches, through the client', async () => {
    const { swarm, events, replayed, tokens } = run(
      [...sixPeers.slice(0, 3), { name: 'x', span: [2, 6], decodeBlocksPerSecond: 10 }],
      (all) => {
        all.peer('b1').drain();
        all.peer('c1').drain();
      },
    );
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    const moved = { tokens: 25, bytes: 2 * 2 * 25 * 16, path: 'client' };
    expect(reroutesOf(events)).toMatchObject([
      { lostPeer: swarm.peer('b1').peer, moved },
      { lostPeer: swarm.peer('c1').peer, moved },
    ]);
    expect(swarm.violations).toEqual([]);
  });

  it('all at once: a fresh route gets all caches', async () => {
    const { swarm, events, replayed, tokens } = run(sixPeers, (all) => {
      for (const name of ['a1', 'b1', 'c1']) all.peer(name).drain();
    });
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    expect(reroutesOf(events).map(({ kind }) => kind)).toEqual(Array(3).fill('handed-over'));
    expect(swarm.violations).toEqual([]);
  });

  it('is replaced through a fresh route where the others stand in the way of a repair', async () => {
    // `a` serves 0:3 already, so nobody else can take over block 3.
    const { swarm, session, clock, replayed, tokens } = run(
      [
        { name: 'a', span: [0, 4] },
        { name: 'b', span: [3, 6], decodeBlocksPerSecond: 2000 },
        { name: 'c', span: [4, 6], decodeBlocksPerSecond: 10 },
      ],
      (all) => all.peer('b').drain(),
    );
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    expect(swarm.violations).toEqual([]);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('reaches its successor over the client where the two cannot reach each other', async () => {
    const { swarm, events, replayed, tokens } = run(sixPeers, (all) => {
      all.blockedEdges.add('b1>b2');
      all.peer('b1').drain();
    });
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over', moved: { path: 'client' } }]);
    expect(swarm.violations).toEqual([]);
  });

  it.each(['b2', 'c1'])('leaves a route in which %s can be lost later', async (name) => {
    const spares = [
      ...sixPeers,
      { name: 'b3', span: [2, 4], decodeBlocksPerSecond: 50 },
    ] as const satisfies readonly ToyPeerOptions[];
    const { swarm, events, session, clock } = setUp(spares);
    const onToken = (index: number) => {
      if (index === 3) swarm.peer('b1').drain();
      if (index === 7) swarm.peer(name).kill();
    };
    expect(await settle(clock, generate(session, { onToken }))).toEqual(expected);
    // The outputs of what was handed over are nowhere: it is fed from further up.
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over' }, { kind: 'replaced' }]);
    expect(swarm.violations).toEqual([]);
  });

  it('serves on when it is the only host, until it is gone', async () => {
    const { swarm, events, session, clock } = setUp(sixPeers.slice(0, 3));
    const b1 = swarm.peer('b1');
    const onToken = (index: number) => {
      if (index === 4) b1.drain();
      if (index === 8) {
        swarm.add({ name: 'b2', span: [2, 4] });
        clock.advance(1000);
      }
    };
    expect(await settle(clock, generate(session, { onToken }))).toEqual(expected);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over', moved: { tokens: 28 } }]);
    expect(events.filter(({ type }) => type === 'waiting')).toEqual([]);
    expect(swarm.violations).toEqual([]);
  });

  it('is replaced by a rebuild when nobody took over before it was gone', async () => {
    const { swarm, events, view, session, clock } = setUp(sixPeers.slice(0, 3));
    const b1 = swarm.peer('b1');
    const onToken = (index: number) => {
      if (index === 4) b1.drain();
      if (index === 8) {
        swarm.add({ name: 'b2', span: [2, 4] });
        b1.leave();
      }
    };
    expect(await settle(clock, generate(session, { onToken }))).toEqual(expected);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', reason: 'draining' }]);
    expect(view.bans.nextExpiryMs()).toBeNull();
  });

  it('lets a long prompt go on elsewhere after the steps that are on their way', async () => {
    const { swarm, events, session, clock, view } = setUp();
    const long = Array.from({ length: 200 }, (_, index) => (index * 11 + 5) % model.vocabSize);
    let computed = 0;
    swarm.peer('b1').rules.push(({ rows, position }) => {
      computed += rows;
      if (position >= 40 && !swarm.peer('b1').isDraining) swarm.peer('b1').drain();
      return null;
    });
    const tokens = settle(clock, generate(session, { prompt: long }));
    expect(await tokens).toEqual(toyGreedy(model, long, tokenCount));
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over' }]);
    // Five steps of four tokens may be under way.
    expect(computed).toBeLessThanOrEqual(40 + 4 + 20);
    expect(swarm.violations).toEqual([]);
    expect(view.bans.nextExpiryMs()).toBeNull();
  });

  it('hands over a conversation that nobody is in at the moment', async () => {
    const { swarm, events, session, clock } = setUp();
    const first = await settle(clock, generate(session));
    expect(first).toEqual(expected);
    const replayed = countReplayed(swarm.peers.values());
    swarm.peer('b1').drain();
    await idle();
    expect(swarm.peer('b1').hops.size).toBe(0);
    expect(swarm.peer('b2').imports).toBe(1);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over' }]);
    const all = toyGreedy(model, prompt, 2 * tokenCount);
    const next = [first.at(-1) as number];
    expect(await settle(clock, generate(session, { prompt: next }))).toEqual(all.slice(tokenCount));
    expect(replayed.rows).toBe(0);
    expect(swarm.violations).toEqual([]);
  });

  it('lets a call wait for a hand-over that is under way, and a truncation too', async () => {
    const { swarm, session, clock } = setUp();
    const first = await settle(clock, generate(session));
    swarm.peer('c1').drain();
    const next = settle(clock, generate(session, { prompt: [first.at(-1) as number] }));
    expect(await next).toEqual(toyGreedy(model, prompt, 2 * tokenCount).slice(tokenCount));
    swarm.peer('b1').drain();
    await settle(clock, session.truncate(prompt.length));
    expect(await settle(clock, generate(session, { prompt: [first[0] as number] }))).toEqual([
      ...first.slice(1),
      ...(await next).slice(0, 1),
    ]);
    expect(swarm.peer('b2').imports).toBe(1);
    expect(swarm.violations).toEqual([]);
  });
});

describe('a peer that refuses because it leaves', () => {
  it('is not banned for the end of the stream that follows its refusal at once', async () => {
    const { swarm, view, session, clock } = setUp();
    swarm.peer('b1').drain();
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.peer('b2').opened).toBe(1);
    expect(view.bans.nextExpiryMs()).toBeNull();
  });
});

describe('a hand-over that goes wrong', () => {
  const spare = [
    ...sixPeers,
    { name: 'b3', span: [2, 4], decodeBlocksPerSecond: 50 },
  ] as const satisfies readonly ToyPeerOptions[];

  it('the taker is full: another takes over', async () => {
    const peers = spare.map((peer) => (peer.name === 'b2' ? { ...peer, kvTokens: 10 } : peer));
    const { swarm, events, view, replayed, tokens } = run(peers, (all) => all.peer('b1').drain());
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    const newPeers = [swarm.peer('b3').peer];
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over', newPeers }]);
    expect(view.bans.nextExpiryMs()).toBeNull();
    expect(swarm.violations).toEqual([]);
  });

  it('the only taker is full: the session stays where it is', async () => {
    const peers = sixPeers.map((peer) => (peer.name === 'b2' ? { ...peer, kvTokens: 10 } : peer));
    const { swarm, events, tokens } = run(peers, (all) => all.peer('b1').drain());
    expect(await tokens).toEqual(expected);
    expect(reroutesOf(events)).toEqual([]);
    expect(swarm.peer('b1').hops.size).toBe(1);
    expect(swarm.peer('b2').hops.size).toBe(0);
    expect(swarm.violations).toEqual([]);
  });

  it('the taker dies: another takes over', async () => {
    const { swarm, events, replayed, tokens } = run(spare, (all) => {
      all.peer('b2').pieceFault = 'kill';
      all.peer('b1').drain();
    });
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(0);
    const newPeers = [swarm.peer('b3').peer];
    expect(reroutesOf(events)).toMatchObject([{ kind: 'handed-over', newPeers }]);
    expect(swarm.violations).toEqual([]);
  });

  it('the pieces do not arrive: the taker is rebuilt', async () => {
    const { swarm, events, replayed, tokens } = run(sixPeers, (all) => {
      all.peer('b2').pieceFault = 'drop';
      all.peer('b1').drain();
    });
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(25);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', reason: 'draining' }]);
    expect(swarm.violations).toEqual([]);
  });

  it('the leaving peer says nothing: the taker is rebuilt', async () => {
    const { swarm, events, replayed, tokens } = run(sixPeers, (all) => {
      all.peer('b1').handOverFault = 'silent';
      all.peer('b1').drain();
    });
    expect(await tokens).toEqual(expected);
    expect(replayed.rows).toBe(25);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', reason: 'draining' }]);
    expect(swarm.violations).toEqual([]);
  });

  it('the leaving peer is killed: its loss is mended like any other', async () => {
    const { swarm, events, session, clock, tokens } = run(sixPeers, (all) => {
      all.peer('b1').handOverFault = 'kill';
      all.peer('b1').drain();
    });
    expect(await tokens).toEqual(expected);
    const newPeers = [swarm.peer('b2').peer];
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', newPeers }]);
    expect(swarm.violations).toEqual([]);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it.each(['a1', 'c1'])('%s, which stays, is killed meanwhile', async (name) => {
    const { swarm, session, clock, tokens } = run(sixPeers, (all) => {
      const { pushPiece } = all;
      all.pushPiece = (...piece) => {
        all.pushPiece = pushPiece;
        all.peer(name).kill();
        return pushPiece.call(all, ...piece);
      };
      all.peer('b1').drain();
    });
    expect(await tokens).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
  });

  it('a peer that gives less than it has is found out, and the taker rebuilt', async () => {
    const { swarm, events, tokens } = run(sixPeers, (all) => {
      const b1 = all.peer('b1');
      // Twenty tokens of each block, and a last piece that says that this was all.
      b1.spoil = ({ message, tensors }) => {
        const isLast = message.block === 3 && message.position === 15;
        if (message.position < 15) return { message, tensors };
        if (message.position === 15) {
          return { message: { ...message, ...(isLast && { length: 20 }) }, tensors };
        }
        const none = { ...message, position: 15, count: 0 };
        delete (none as { length?: number }).length;
        return { message: none, tensors };
      };
      b1.drain();
    });
    expect(await tokens).toEqual(expected);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', reason: 'draining' }]);
    expect(swarm.violations).toEqual([]);
  });

  it('a cache through the client that is no cache is refused, and its peer to blame', async () => {
    const { swarm, view, events, tokens } = run(sixPeers, (all) => {
      all.blockedEdges.add('b1>b2');
      const b1 = all.peer('b1');
      b1.spoil = ({ message, tensors }) => ({
        message: { ...message, block: message.block === 3 ? 5 : message.block },
        tensors,
      });
      b1.drain();
    });
    expect(await tokens).toEqual(expected);
    expect(view.bans.isBanned(swarm.peer('b1').peer)).toBe(true);
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', reason: 'bad-output' }]);
    expect(swarm.violations).toEqual([]);
  });

  it('the client leaves in the middle: nothing stays open', async () => {
    const { swarm, session, clock } = setUp();
    await settle(clock, generate(session));
    swarm.peer('b2').pieceFault = 'drop';
    swarm.peer('b1').drain();
    await idle();
    expect(swarm.peer('b2').hops.size).toBe(1);
    await settle(clock, session.close());
    expect(swarm.openSessions).toBe(0);
    expect(clock.timerCount).toBe(0);
  });

  it('a call that is aborted in the middle leaves the session usable', async () => {
    const { swarm, session, clock } = setUp();
    const first = await settle(clock, generate(session));
    swarm.peer('b2').pieceFault = 'drop';
    swarm.peer('b1').drain();
    await idle();
    const controller = new AbortController();
    const next = [first.at(-1)] as TokenId[];
    const aborted = session.extend(next, { signal: controller.signal });
    controller.abort();
    await expect(settle(clock, aborted)).rejects.toMatchObject({ code: 'aborted' });
    swarm.peer('b2').pieceFault = null;
    const all = toyGreedy(model, prompt, 2 * tokenCount);
    expect(await settle(clock, generate(session, { prompt: next }))).toEqual(all.slice(tokenCount));
    expect(swarm.violations).toEqual([]);
  });
});

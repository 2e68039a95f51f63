import { describe, expect, it } from 'vitest';
import { PendingAnswers } from '../../src/session/pending-answers.js';
import { sessionLimits } from '../../src/session/session-limits.js';
import { settle, TestClock } from '../support/test-clock.js';
import { expected, failAt, generate, reroutesOf, setUp, sixPeers } from '../support/toy-session.js';
import type { ToyPeer } from '../support/toy-swarm.js';

const { stepLateMsMin, firstStepLateMs, openMs, slowStepsMax } = sessionLimits;

function bannedNames({ swarm, view }: ReturnType<typeof setUp>): string[] {
  const banned = [...swarm.peers.values()].filter(({ peer }) => view.bans.isBanned(peer));
  return banned.map(({ name }) => name);
}

describe('a hop that hangs at the first step of a fresh route', () => {
  it('is late by what its peer announces', async () => {
    const { swarm, clock, events, session } = setUp();
    swarm.peer('b1').rules.push(failAt(0, 'hang'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(reroutesOf(events)[0]?.detectionMs).toBeLessThanOrEqual(stepLateMsMin);
  });

  it('is given the time that a slow peer announces', async () => {
    const peers = sixPeers.map((peer) => ({ ...peer, decodeBlocksPerSecond: 2 }));
    const { swarm, clock, events, session } = setUp(peers, { chunkRows: 1 });
    swarm.peer('b1').rules.push(failAt(0, 'stick'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    // Six blocks at two a second: 3 s, five times that.
    const detectionMs = reroutesOf(events)[0]?.detectionMs;
    expect(detectionMs).toBeGreaterThan(14_000);
    expect(detectionMs).toBeLessThan(17_000);
  });

  it('is given a fixed time where nothing is known of it', async () => {
    const peers = sixPeers.map((peer) => ({ ...peer, decodeBlocksPerSecond: 0 }));
    const { swarm, clock, events, session } = setUp(peers, { chunkRows: 1 });
    swarm.peer('b1').rules.push(failAt(0, 'stick'));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(reroutesOf(events)[0]?.detectionMs).toBe(firstStepLateMs);
  });
});

describe('a stopped peer', () => {
  it('is passed over when the session opens, within the time for that', async () => {
    const run = setUp();
    run.swarm.peer('b1').isHung = true;
    const startedAtMs = run.clock.now();
    await settle(run.clock, run.session.open());
    expect(run.clock.now() - startedAtMs).toBeLessThanOrEqual(openMs);
    expect(bannedNames(run)).toEqual(['b1']);
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
  });

  it('is passed over when it was to be the replacement', async () => {
    const peers = [...sixPeers, { name: 'b3', span: [2, 4], decodeBlocksPerSecond: 50 } as const];
    const run = setUp(peers);
    run.swarm.peer('b1').rules.push(failAt(25, 'kill'));
    run.swarm.peer('b2').isHung = true;
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(bannedNames(run)).toEqual(['b1', 'b2']);
    expect(run.swarm.violations).toEqual([]);
  });

  it('is noticed in two seconds when it survives another one, and stops meanwhile', async () => {
    const run = setUp();
    run.swarm.peer('b1').rules.push((context) => {
      const action = failAt(25, 'kill')(context);
      if (action !== null) run.swarm.peer('c1').isHung = true;
      return action;
    });
    const startedAtMs = run.clock.now();
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(run.clock.now() - startedAtMs).toBeLessThanOrEqual(stepLateMsMin + 100);
    // The ban of the one whose connection ended is over by then.
    expect(bannedNames(run)).toEqual(['c1']);
  });
});

describe('a slow hop', () => {
  /** From the step at `position` on, the peer says that it takes so long, and does. */
  function slowFrom(peer: ToyPeer, position: number, blockMs: number): void {
    peer.rules.push((context) => {
      if (context.position >= position) peer.blockMs = blockMs;
      return null;
    });
  }

  it('is replaced when it takes ten times its usual time again and again', async () => {
    const run = setUp();
    slowFrom(run.swarm.peer('b1'), 26, 100);
    expect(await settle(run.clock, generate(run.session, { count: 24 }))).toHaveLength(24);
    const lostPeer = run.swarm.peer('b1').peer;
    expect(reroutesOf(run.events)).toMatchObject([{ reason: 'timeout', lostPeer }]);
    expect(bannedNames(run)).toEqual([]);
    expect(run.swarm.violations).toEqual([]);
  });

  it('stays for a few slow steps', async () => {
    const run = setUp();
    const slow = run.swarm.peer('b1');
    slowFrom(slow, 26, 100);
    const onToken = (index: number) => {
      if (index === 6 + slowStepsMax - 2) slow.rules.length = 0;
      if (index >= 6 + slowStepsMax - 2) slow.blockMs = 1;
    };
    await settle(run.clock, generate(run.session, { count: 24, onToken }));
    expect(reroutesOf(run.events)).toEqual([]);
  });

  it('stays where nobody could take its place, and is usual then', async () => {
    const run = setUp(sixPeers.slice(0, 3));
    slowFrom(run.swarm.peer('b1'), 26, 100);
    await settle(run.clock, generate(run.session, { count: 40 }));
    expect(reroutesOf(run.events)).toEqual([]);
  });
});

describe('faults of our own', () => {
  it('counts an answer that came while this program was paused, though it is read late', async () => {
    const clock = new TestClock();
    const answers = new PendingAnswers(clock);
    const probed = answers.expect({ type: 'probed', tag: 1, timeoutMs: sessionLimits.probeMs });
    // The timer is due first when the program wakes; what came in is read after it.
    clock.advance(60_000);
    clock.fireNext();
    const answer = { type: 'probed', probe: 1, received: 0, completed: 0, queuedRows: 0 } as const;
    answers.resolve(answer);
    expect(await probed).toEqual(answer);
    expect(clock.timerCount).toBe(0);
  });

  it('blames nobody for a step that came back while this program was paused', async () => {
    const run = setUp();
    const { swarm, clock } = run;
    const slow = swarm.peer('b1');
    slow.rules.push((context) => {
      const action = failAt(25, 'drop')(context);
      // The step is under way while we sleep; its result is unread when we wake.
      if (action !== null) {
        clock.advance(60_000);
        queueMicrotask(() => {
          for (const hop of slow.hops.values()) hop.resume();
        });
      }
      return action;
    });
    expect(await settle(clock, generate(run.session))).toEqual(expected);
    expect(bannedNames(run)).toEqual([]);
    expect(reroutesOf(run.events)).toEqual([]);
  });

  it('bans nobody when all hops fall silent at once', async () => {
    const run = setUp();
    const names = ['a1', 'b1', 'c1'];
    run.swarm.peer('b1').rules.push((context) => {
      if (failAt(25, 'hang')(context) === null) return null;
      for (const name of names) run.swarm.peer(name).isHung = true;
      return 'hang';
    });
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(reroutesOf(run.events)).toHaveLength(3);
    expect(bannedNames(run)).toEqual([]);
  });

  it('bans nobody when the caller aborts', async () => {
    const run = setUp();
    const controller = new AbortController();
    run.swarm.peer('b1').rules.push((context) => {
      if (context.position >= 8) controller.abort();
      return null;
    });
    const work = run.session.extend([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] as never, controller);
    await expect(settle(run.clock, work)).rejects.toMatchObject({ code: 'aborted' });
    expect(bannedNames(run)).toEqual([]);
  });
});

describe('a hop whose outputs the client relays', () => {
  it.each(['corrupt', 'misshapen'] as const)('is blamed for rows that are %s', async (action) => {
    const run = setUp();
    // Neither second hop is within reach of either first one.
    for (const edge of ['a1>b1', 'a1>b2', 'a2>b1', 'a2>b2']) run.swarm.blockedEdges.add(edge);
    run.swarm.peer('a1').rules.push(failAt(25, action));
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(run.swarm.violations).toEqual([]);
    expect(bannedNames(run)).toEqual(['a1']);
    const lostPeer = run.swarm.peer('a1').peer;
    const lost = expect.objectContaining({ kind: 'replaced', reason: 'bad-output', lostPeer });
    expect(reroutesOf(run.events)).toContainEqual(lost);
  });
});

describe('a peer that comes back', () => {
  it('is used again when its ban is over', async () => {
    const { swarm, clock, events, session } = setUp();
    swarm.peer('b1').rules.push(failAt(22, 'kill'));
    swarm.peer('b2').rules.push(failAt(26, 'kill'));
    clock.schedule(100, () => swarm.peer('b1').revive());
    expect(await settle(clock, generate(session))).toEqual(expected);
    const [b1, b2] = [swarm.peer('b1').peer, swarm.peer('b2').peer];
    expect(reroutesOf(events)).toMatchObject([
      { lostPeer: b1, newPeers: [b2] },
      { lostPeer: b2, newPeers: [b1] },
    ]);
    expect(swarm.violations).toEqual([]);
  });

  it('is banned for longer each time that it fails', async () => {
    const { swarm, clock, view, session } = setUp(sixPeers.slice(0, 3), { returnWaitMs: 120_000 });
    const { peer, rules } = swarm.peer('b1');
    const bansMs: (number | null)[] = [];
    for (const position of [22, 24, 26]) {
      rules.push((context) => {
        const action = failAt(position, { code: 'engine-failed', endsStream: true })(context);
        if (action !== null)
          queueMicrotask(() => setImmediate(() => bansMs.push(view.bans.nextExpiryMs())));
        return action;
      });
    }
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(bansMs).toEqual([5000, 10_000, 20_000]);
    expect(view.bans.isBanned(peer)).toBe(false);
  });
});

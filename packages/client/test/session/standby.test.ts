import type { TokenId } from '@skein/protocol';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sessionLimits } from '../../src/session/session-limits.js';
import type { SessionOptions, StandbyEvent } from '../../src/session/session-types.js';
import { idle, settle, type TestClock } from '../support/test-clock.js';
import type { FaultAction } from '../support/toy-hop.js';
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
import type { ToyPeerOptions } from '../support/toy-swarm.js';

function setUpStandby(peers: readonly ToyPeerOptions[] = sixPeers, options: SessionOptions = {}) {
  const run = setUp(peers, { standby: true, ...options });
  const standbyEvents = () =>
    run.events.filter((event): event is StandbyEvent => event.type === 'standby');
  const peer = (name: string) => run.swarm.peer(name).peer;
  const banned = () =>
    [...run.swarm.peers.values()]
      .filter((candidate) => run.view.bans.isBanned(candidate.peer))
      .map(({ name }) => name);
  return { ...run, standbyEvents, peer, banned };
}

/** Lets timers fire, one by one, until something is so. */
async function fireUntil(clock: TestClock, isSo: () => boolean): Promise<void> {
  for (let timer = 0; timer < 20 && !isSo(); timer += 1) {
    clock.fireNext();
    await idle();
  }
  await idle();
}

describe('standbys', () => {
  it('stand by for each hop, and say when they are in step', async () => {
    const run = setUpStandby();
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(run.swarm.violations).toEqual([]);
    const ready = run.standbyEvents();
    expect(ready.map(({ kind }) => kind)).toEqual(['ready', 'ready', 'ready']);
    expect(ready.map(({ peers }) => peers[0]).sort()).toEqual(
      [run.peer('a2'), run.peer('b2'), run.peer('c2')].sort(),
    );
    // All hold the whole context, the one of the first hop too, which the client feeds.
    for (const name of ['a2', 'b2', 'c2']) {
      const [hop] = run.swarm.peer(name).hops.values();
      expect(hop?.length).toBe(prompt.length + expected.length - 1);
    }
    await settle(run.clock, run.session.close());
    expect(run.swarm.openSessions).toBe(0);
    expect(run.clock.timerCount).toBe(0);
  });

  it('are not used unless they are asked for', async () => {
    const { swarm, clock, session } = setUp();
    await settle(clock, generate(session));
    expect(swarm.peer('a2').opened + swarm.peer('b2').opened + swarm.peer('c2').opened).toBe(0);
  });

  const places = { 'the middle of the prompt': 9, 'the first token': 20, 'the last token': 29 };
  const faults: FaultAction[] = ['kill', 'kill-after', 'hang', 'stick', 'close'];
  const cases = Object.entries(places).flatMap(([place, position]) =>
    ['a', 'b', 'c'].flatMap((hop) => faults.map((action) => ({ place, position, hop, action }))),
  );

  it.each(cases)('take over without a rebuild: $action of $hop at $place', async (fault) => {
    const { position, hop, action } = fault;
    const run = setUpStandby();
    run.swarm.peer(`${hop}1`).rules.push(failAt(position, action));
    await settle(run.clock, run.session.open());
    await idle();
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(run.swarm.violations).toEqual([]);
    const reroutes = reroutesOf(run.events);
    const [lostPeer, newPeer] = [run.peer(`${hop}1`), run.peer(`${hop}2`)];
    expect(reroutes).toMatchObject([{ kind: 'standby', lostPeer, newPeers: [newPeer] }]);
    expect(reroutes[0]?.rebuiltTokens).toBeLessThanOrEqual(4);
    expect(run.banned()).toEqual([`${hop}1`]);
  });

  it('are sought anew after one took over', async () => {
    const peers = [...sixPeers, { name: 'b3', span: [2, 4], decodeBlocksPerSecond: 50 } as const];
    const run = setUpStandby(peers);
    run.swarm.peer('b1').rules.push(failAt(22, 'kill'));
    run.swarm.peer('b2').rules.push(failAt(27, 'kill'));
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(reroutesOf(run.events)).toMatchObject([
      { kind: 'standby', newPeers: [run.peer('b2')], rebuiltTokens: 0 },
      { kind: 'standby', newPeers: [run.peer('b3')], rebuiltTokens: 0 },
    ]);
    expect(run.swarm.violations).toEqual([]);
  });

  it('take over for all hops at once', async () => {
    const run = setUpStandby();
    run.swarm.peer('b1').rules.push((context) => {
      const action = failAt(25, 'kill')(context);
      if (action !== null) for (const name of ['a1', 'b1', 'c1']) run.swarm.peer(name).kill();
      return action;
    });
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    const kinds = reroutesOf(run.events).map(({ kind }) => kind);
    expect(kinds).toEqual(['standby', 'standby', 'standby']);
    expect(run.swarm.violations).toEqual([]);
  });

  it('may be several peers in a row', async () => {
    const run = setUpStandby([
      ...sixPeers.slice(0, 3),
      { name: 'x', span: [2, 3] },
      { name: 'y', span: [3, 4] },
    ]);
    run.swarm.peer('b1').rules.push(failAt(25, 'kill'));
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(reroutesOf(run.events)).toMatchObject([
      { kind: 'standby', newPeers: [run.peer('x'), run.peer('y')], rebuiltTokens: 0 },
    ]);
    expect(run.swarm.violations).toEqual([]);
  });

  it('are told to be missing where nobody is left', async () => {
    const run = setUpStandby(sixPeers.slice(0, 5));
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    const missing = run.standbyEvents().filter(({ kind }) => kind === 'none');
    expect(missing).toMatchObject([{ span: { start: 4, end: 6 }, peers: [] }]);
  });

  it('are found later, when a peer joins', async () => {
    const run = setUpStandby(sixPeers.slice(0, 3));
    await settle(run.clock, run.session.extend(prompt as TokenId[]));
    run.swarm.add({ name: 'b2', span: [2, 4] });
    await fireUntil(run.clock, () => run.swarm.peer('b2').opened > 0);
    await settle(run.clock, run.session.extend([7] as TokenId[]));
    const ready = run.standbyEvents().filter(({ kind }) => kind === 'ready');
    expect(ready).toMatchObject([{ span: { start: 2, end: 4 }, peers: [run.peer('b2')] }]);
  });

  it('step back when their peers are needed for the route', async () => {
    // Once `a2` is gone, only `wide` could take the place of `a1`, and it stands by for `b1`.
    const run = setUpStandby([
      ...sixPeers.slice(0, 3),
      { name: 'a2', span: [0, 2], decodeBlocksPerSecond: 500 },
      { name: 'wide', span: [0, 4], decodeBlocksPerSecond: 10 },
    ]);
    run.swarm.peer('a2').rules.push(({ end }) => (end > 22 ? 'kill' : null));
    run.swarm.peer('a1').rules.push(failAt(27, 'kill'));
    const startedAtMs = run.clock.now();
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    expect(run.swarm.violations).toEqual([]);
    const [wide, a1] = [run.peer('wide'), run.peer('a1')];
    expect(run.standbyEvents()).toContainEqual(
      expect.objectContaining({ kind: 'ready', span: { start: 2, end: 4 }, peers: [wide] }),
    );
    expect(reroutesOf(run.events)).toMatchObject([
      { kind: 'replaced', lostPeer: a1, newPeers: [wide] },
    ]);
    expect(run.clock.now() - startedAtMs).toBeLessThan(sessionLimits.returnPollMs);
  });

  it('follow a roll-back', async () => {
    const run = setUpStandby();
    await settle(run.clock, generate(run.session));
    await run.session.truncate(prompt.length);
    run.swarm.peer('b1').rules.push(failAt(22, 'kill'));
    const again = await settle(run.clock, generate(run.session, { prompt: [9] }));
    expect(again).toEqual(toyGreedy(model, [...prompt, 9], again.length));
    expect(reroutesOf(run.events)).toMatchObject([{ kind: 'standby' }]);
    expect(run.swarm.violations).toEqual([]);
    expect(run.banned()).toEqual(['b1']);
  });
});

it('a standby that is late with what the caller took back is not blamed for it', async () => {
  const run = setUpStandby();
  const last = prompt.length + expected.length - 2;
  const standby = run.swarm.peer('b2');
  standby.rules.push(({ end }) => (end > last ? 'drop' : null));
  await settle(run.clock, generate(run.session));
  await run.session.truncate(prompt.length);
  for (const hop of standby.hops.values()) hop.resume();
  await idle();
  const again = await settle(run.clock, generate(run.session, { prompt: [9] }));
  expect(again).toEqual(toyGreedy(model, [...prompt, 9], again.length));
  expect(run.banned()).toEqual([]);
  expect(run.standbyEvents().filter(({ kind }) => kind === 'dropped')).toEqual([]);
});

describe('a peer that leaves', () => {
  it.each(['a', 'b', 'c'])('gives way to its standby: %s1', async (name) => {
    const run = setUpStandby();
    const onToken = (index: number) => {
      if (index === 4) run.swarm.peer(`${name}1`).drain();
    };
    expect(await settle(run.clock, generate(run.session, { onToken }))).toEqual(expected);
    expect(run.swarm.violations).toEqual([]);
    const [lostPeer, newPeer] = [run.peer(`${name}1`), run.peer(`${name}2`)];
    expect(reroutesOf(run.events)).toMatchObject([
      { kind: 'standby', reason: 'draining', lostPeer, newPeers: [newPeer] },
    ]);
    expect(run.swarm.peer(`${name}1`).hops.size).toBe(0);
    expect(run.swarm.peer(`${name}2`).imports).toBe(0);
    expect(run.banned()).toEqual([]);
  });

  it('is dropped as a standby, and not banned', async () => {
    const run = setUpStandby();
    const onToken = (index: number) => {
      if (index === 4) run.swarm.peer('b2').drain();
    };
    expect(await settle(run.clock, generate(run.session, { onToken }))).toEqual(expected);
    const dropped = run.standbyEvents().filter(({ kind }) => kind === 'dropped');
    expect(dropped).toMatchObject([{ reason: 'draining', peers: [run.peer('b2')] }]);
    expect(run.banned()).toEqual([]);
    expect(reroutesOf(run.events)).toEqual([]);
  });
});

describe('a standby that is of no use', () => {
  it.each([
    ['kill', 'stream-closed', ['b2']],
    [{ code: 'engine-failed', endsStream: true }, 'engine-failed', ['b2']],
    [{ code: 'kv-full' }, 'kv-full', []],
  ] as [FaultAction, string, string[]][])('is dropped: %s', async (action, reason, banned) => {
    const run = setUpStandby();
    run.swarm.peer('b2').rules.push(({ end }) => (end > 24 ? action : null));
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    const dropped = run.standbyEvents().filter(({ kind }) => kind === 'dropped');
    expect(dropped).toMatchObject([{ reason, peers: [run.peer('b2')] }]);
    expect(reroutesOf(run.events)).toEqual([]);
    expect(run.banned()).toEqual(banned);
    expect(run.swarm.violations).toEqual([]);
  });

  it('is asked, when it is silent, and dropped when it does not answer', async () => {
    const run = setUpStandby();
    run.swarm.peer('b2').rules.push(({ end }) => (end > 24 ? 'hang' : null));
    const onToken = () => run.clock.advance(400);
    const tokens = await settle(run.clock, generate(run.session, { count: 20, onToken }));
    expect(tokens.slice(0, expected.length)).toEqual(expected);
    const dropped = () => run.standbyEvents().filter(({ kind }) => kind === 'dropped');
    await fireUntil(run.clock, () => dropped().length > 0);
    expect(dropped()).toMatchObject([{ reason: 'timeout', peers: [run.peer('b2')] }]);
    expect(run.banned()).toEqual(['b2']);
    expect(reroutesOf(run.events)).toEqual([]);
  });

  it('is dropped when it falls behind by too much, and nobody is banned', async () => {
    const run = setUpStandby(sixPeers, { tokensMax: 4000, chunkRows: 128 });
    run.swarm.peer('b2').rules.push(({ end }) => (end > 24 ? 'stick' : null));
    const count = sessionLimits.standbyLagRowsMax + 20;
    await settle(run.clock, generate(run.session, { count }));
    expect(run.standbyEvents().filter(({ kind }) => kind === 'dropped')).toMatchObject([
      { reason: 'timeout', peers: [run.peer('b2')] },
    ]);
    expect(run.banned()).toEqual([]);
    expect(reroutesOf(run.events)).toEqual([]);
  });

  it('is dropped when the predecessor cannot reach it, or has no history for it', async () => {
    const run = setUpStandby();
    run.swarm.blockedEdges.add('a1>b2');
    run.swarm.peer('b1').forgetsHistory = true;
    expect(await settle(run.clock, generate(run.session))).toEqual(expected);
    const dropped = run.standbyEvents().filter(({ kind }) => kind === 'dropped');
    expect(dropped.map(({ reason, peers }) => [reason, peers[0]]).sort()).toEqual([
      ['history-gone', run.peer('c2')],
      ['peer-unreachable', run.peer('b2')],
    ]);
    expect(run.banned()).toEqual([]);
    expect(reroutesOf(run.events)).toEqual([]);
    expect(run.swarm.violations).toEqual([]);
  });
});

describe('random failures of hops and standbys', () => {
  const peers: ToyPeerOptions[] = [0, 1, 2].flatMap((copy) => [
    { name: `a${copy}`, span: [0, 2 + copy] as const, historyRows: copy === 1 ? 6 : 1000 },
    { name: `b${copy}`, span: [2 - copy, 4] as const },
    { name: `c${copy}`, span: [4 - copy, 6] as const, historyRows: copy === 2 ? 3 : 1000 },
  ]);
  const actions: FaultAction[] = [
    'kill',
    'kill-after',
    'hang',
    'stick',
    'close',
    'corrupt',
    'misshapen',
    { code: 'kv-full' },
    { code: 'engine-failed', endsStream: true },
    { code: 'draining', endsStream: true },
  ];
  const fault = fc.record({
    peer: fc.nat(peers.length - 1),
    after: fc.nat(20),
    action: fc.constantFrom(...actions),
  });

  it('leave the output as it is, and only peers that failed are banned', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 10 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (faults, random) => {
          const run = setUp(peers, {
            standby: true,
            random: () => random.next().value as number,
            returnWaitMs: 120_000,
          });
          const { swarm, clock, view, session } = run;
          const faulty = new Set<string>();
          for (const { peer, after, action } of faults) {
            const { name } = peers[peer] as ToyPeerOptions;
            let steps = 0;
            faulty.add(name);
            swarm.peer(name).rules.push(({ peer: failing }) => {
              steps += 1;
              if (steps <= after) return null;
              clock.schedule(3000, () => {
                const rest = [...failing.rules];
                failing.revive();
                failing.rules.push(...rest);
              });
              return action;
            });
          }
          expect(await settle(clock, generate(session))).toEqual(expected);
          expect(swarm.violations).toEqual([]);
          for (const { name, peer } of swarm.peers.values()) {
            if (view.bans.isBanned(peer)) expect(faulty).toContain(name);
          }
          await settle(clock, session.close());
          const held = [...swarm.peers.values()].filter(({ hops }) => hops.size > 0);
          for (const { name } of held) expect(faulty).toContain(name);
        },
      ),
      { numRuns: 100 },
    );
  }, 60_000);
});

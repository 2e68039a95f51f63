import { describe, expect, it } from 'vitest';
import { settle } from '../support/test-clock.js';
import type { FaultAction } from '../support/toy-hop.js';
import { expected, failAt, generate, reroutesOf, setUp } from '../support/toy-session.js';

describe('failover: the output is that of the unbroken run', () => {
  const places = {
    'the first chunk': 0,
    'the middle of the prompt': 9,
    'the last chunk': 19,
    'the first token': 20,
    'a token in the middle': 25,
    'the last token': 29,
  };
  const faults: [string, FaultAction][] = [
    ['kill', 'kill'],
    ['kill after forwarding', 'kill-after'],
    ['hang', 'hang'],
    ['stick', 'stick'],
    ['close', 'close'],
    ['kv-full', { code: 'kv-full' }],
    ['engine-failed', { code: 'engine-failed', endsStream: true }],
    ['draining', { code: 'draining', endsStream: true }],
  ];
  const cases = Object.entries(places).flatMap(([place, position]) =>
    ['a1', 'b1', 'c1'].flatMap((hop) =>
      faults.map(([name, action]) => ({ place, position, hop, name, action })),
    ),
  );

  it.each(cases)('$name of $hop at $place', async ({ position, hop, action }) => {
    const { swarm, clock, events, session, view } = setUp();
    swarm.peer(hop).rules.push(failAt(position, action));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    const lostPeer = swarm.peer(hop).peer;
    const newPeers = [swarm.peer(hop.replace('1', '2')).peer];
    expect(reroutesOf(events)).toMatchObject([{ kind: 'replaced', lostPeer, newPeers }]);
    const banned = [...swarm.peers.values()].filter(({ peer }) => view.bans.isBanned(peer));
    expect(banned.every(({ name }) => name === hop)).toBe(true);
    await settle(clock, session.close());
    expect(swarm.openSessions - swarm.peer(hop).hops.size).toBe(0);
  });
});

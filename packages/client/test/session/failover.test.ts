import { describe, expect, it } from 'vitest';
import { sessionLimits } from '../../src/session/session-limits.js';
import { settle } from '../support/test-clock.js';
import type { FaultAction } from '../support/toy-hop.js';
import { expected, failAt, generate, reroutesOf, setUp } from '../support/toy-session.js';

/** A failure, the code that it is reported with, and who is banned for it. */
interface FaultKind {
  readonly name: string;
  readonly action: FaultAction;
  readonly reason: string | RegExp;
  readonly isBlamed: boolean;
}

const kinds: readonly FaultKind[] = [
  { name: 'connection reset', action: 'kill', reason: /stream-closed|unreachable/, isBlamed: true },
  { name: 'killed after forwarding', action: 'kill-after', reason: /./, isBlamed: true },
  { name: 'stopped, or cut off', action: 'hang', reason: 'timeout', isBlamed: true },
  { name: 'answers, but does not step', action: 'stick', reason: 'timeout', isBlamed: true },
  { name: 'ends the stream', action: 'close', reason: 'stream-closed', isBlamed: true },
  { name: 'KV refused', action: { code: 'kv-full' }, reason: 'kv-full', isBlamed: false },
  {
    name: 'engine aborted',
    action: { code: 'engine-failed', endsStream: true },
    reason: 'engine-failed',
    isBlamed: true,
  },
  {
    name: 'leaves',
    action: { code: 'draining', endsStream: true },
    reason: 'draining',
    isBlamed: false,
  },
  { name: 'NaN back', action: 'corrupt', reason: 'bad-output', isBlamed: true },
  { name: 'wrong shape back', action: 'misshapen', reason: 'bad-output', isBlamed: true },
];

describe('failover: the output is that of the unbroken run', () => {
  const places = {
    'the first chunk': 0,
    'the middle of the prompt': 9,
    'the last chunk': 19,
    'the first token': 20,
    'a token in the middle': 25,
    'the last token': 29,
  };
  // A last hop gives nothing that could be wrong before the prompt has passed.
  const givesNothing = (hop: string, position: number) => hop === 'c1' && position < 19;
  const cases = Object.entries(places).flatMap(([place, position]) =>
    ['a1', 'b1', 'c1'].flatMap((hop) =>
      kinds
        .filter(({ reason }) => reason !== 'bad-output' || !givesNothing(hop, position))
        .map((kind) => ({ place, position, hop, ...kind })),
    ),
  );

  it.each(cases)('$name: $hop at $place', async (fault) => {
    const { position, hop, action, reason, isBlamed } = fault;
    const { swarm, clock, events, session, view } = setUp();
    const newPeer = swarm.peer(hop.replace('1', '2'));
    swarm.peer(hop).rules.push(failAt(position, action));
    expect(await settle(clock, generate(session))).toEqual(expected);
    expect(swarm.violations).toEqual([]);
    const lostPeer = swarm.peer(hop).peer;
    const reroutes = reroutesOf(events);
    expect(reroutes).toMatchObject([{ kind: 'replaced', lostPeer, newPeers: [newPeer.peer] }]);
    expect(reroutes[0]?.reason).toMatch(reason);
    // A hung hop within the larger of two seconds and five usual steps; all others at once.
    const isSilent = reason === 'timeout';
    expect(reroutes[0]?.detectionMs).toBeLessThanOrEqual(
      isSilent ? sessionLimits.stepLateMsMin : 0,
    );

    const banned = [...swarm.peers.values()].filter(({ peer }) => view.bans.isBanned(peer));
    expect(banned.map(({ name }) => name)).toEqual(isBlamed ? [hop] : []);
    // Only the lost range is rebuilt: whoever survived replayed nothing into its own cache.
    const rebuilt = [...swarm.peers.values()].filter(({ replayedRows }) => replayedRows > 0);
    for (const { name } of rebuilt) expect(name).toBe(newPeer.name);
    await settle(clock, session.close());
    expect(swarm.openSessions - swarm.peer(hop).hops.size).toBe(0);
  });
});

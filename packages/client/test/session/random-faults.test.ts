import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { settle } from '../support/test-clock.js';
import type { FaultAction } from '../support/toy-hop.js';
import { expected, generate, setUp } from '../support/toy-session.js';
import type { ToyPeerOptions } from '../support/toy-swarm.js';

const actions: FaultAction[] = [
  'kill',
  'kill-after',
  'hang',
  'stick',
  'close',
  'corrupt',
  { code: 'kv-full' },
  { code: 'engine-failed', endsStream: true },
  { code: 'busy' },
  { code: 'draining', endsStream: true },
];

/** Three peers on every pair of blocks, and some with other spans. */
const peers: ToyPeerOptions[] = [0, 1, 2].flatMap((copy) => [
  { name: `a${copy}`, span: [0, 2 + copy] as const, historyRows: copy === 1 ? 6 : 1000 },
  { name: `b${copy}`, span: [2 - copy, 4] as const },
  { name: `c${copy}`, span: [4 - copy, 6] as const, historyRows: copy === 2 ? 3 : 1000 },
]);

const fault = fc.record({
  peer: fc.nat(peers.length - 1),
  /** Steps that the peer computes before it fails. */
  after: fc.nat(14),
  action: fc.constantFrom(...actions),
});

/** A peer that leaves in good order, as far as it gets, and comes back. */
const departure = fc.record({
  peer: fc.nat(peers.length - 1),
  /** Steps that the peer computes before it begins to leave. */
  after: fc.nat(14),
  handOverFault: fc.constantFrom(null, null, 'silent' as const, 'kill' as const),
  pieceFault: fc.constantFrom(null, null, 'drop' as const),
});

describe('random failures and departures, several at once and during recoveries', () => {
  it('leave the output as it is, and only peers that failed are banned', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fault, { maxLength: 12 }),
        fc.array(departure, { maxLength: 6 }),
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        async (faults, departures, random) => {
          const { swarm, clock, view, session } = setUp(peers, {
            random: () => random.next().value as number,
            returnWaitMs: 120_000,
          });
          const faulty = new Set<string>();
          for (const { peer, after, action } of faults) {
            const { name } = peers[peer] as ToyPeerOptions;
            let steps = 0;
            faulty.add(name);
            swarm.peer(name).rules.push(({ peer: failing }) => {
              steps += 1;
              if (steps <= after) return null;
              clock.schedule(3000, () => {
                const { rules } = failing;
                const rest = [...rules];
                failing.revive();
                rules.push(...rest);
              });
              return action;
            });
          }
          for (const { peer, after, ...peerFaults } of departures) {
            const { name } = peers[peer] as ToyPeerOptions;
            if (peerFaults.handOverFault === 'kill') faulty.add(name);
            Object.assign(swarm.peer(name), peerFaults);
            let steps = 0;
            swarm.peer(name).rules.unshift(({ peer: leaving }) => {
              steps += 1;
              if (steps !== after + 1 || leaving.isDead) return null;
              leaving.drain(3000);
              clock.schedule(3000, () => {
                leaving.leave();
                leaving.comeBack();
              });
              return null;
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
      { numRuns: 150 },
    );
  }, 60_000);
});

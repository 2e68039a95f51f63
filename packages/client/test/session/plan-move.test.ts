import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planRoutes } from '../../src/routing/plan-route.js';
import type { PeerView, RouteHop } from '../../src/routing/snapshot.js';
import { isWorthMoving, type MoveRequest, planMove } from '../../src/session/plan-move.js';
import { sessionLimits } from '../../src/session/session-limits.js';
import { measured, viewModel as model, type PeerChanges, peerView } from '../support/peer-view.js';

const blockCount = 6;
const noLuck = () => 0;
const peer = (name: string, span: readonly [number, number], changes: PeerChanges = {}) =>
  peerView(name, span, { blockCount, blockMs: measured(10), ...changes });

const request: MoveRequest = {
  model,
  blockCount,
  tokensMax: 500,
  acceptMixedNumerics: false,
  numericKind: 'f16/f16',
  excluded: new Set(),
  committed: 100,
  remainingTokens: 100,
};

/** A route over a and b, one of which has become slow, and c, which is as good as they were. */
const slowB = peer('b', [3, 6], { blockMs: measured(60) });
const swarm = [peer('a', [0, 3]), slowB, peer('c', [3, 6])];
const hopOf = ({ peer: id, record }: PeerView): RouteHop => ({
  ...record,
  peer: id,
  span: { ...record.span },
});
const route = [swarm[0], swarm[1]].map((view) => hopOf(view as PeerView));
const move = (peers: readonly PeerView[], changes: Partial<MoveRequest> = {}) =>
  planMove({ peers }, route, { ...request, ...changes }, noLuck);

describe('isWorthMoving', () => {
  it('needs both a clear gain and enough tokens to come', () => {
    fc.assert(
      fc.property(
        fc.record({
          currentMs: fc.double({ min: 1, max: 1000, noNaN: true }),
          candidateMs: fc.double({ min: 1, max: 1000, noNaN: true }),
          rebuildMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
          remainingTokens: fc.nat(2000),
        }),
        (figures) => {
          const { currentMs, candidateMs, rebuildMs, remainingTokens } = figures;
          if (!isWorthMoving(figures)) return;
          // Even if the rebuild takes all that was allowed for, the session ends sooner.
          expect(rebuildMs + candidateMs * remainingTokens).toBeLessThan(
            currentMs * remainingTokens + 1e-6,
          );
          // And the way back is not worth it.
          const back = { ...figures, currentMs: candidateMs, candidateMs: currentMs };
          expect(isWorthMoving(back)).toBe(false);
        },
      ),
    );
  });
});

describe('planMove', () => {
  it('replaces the slow hop alone, when what that saves beats the rebuild', () => {
    const found = move(swarm);
    expect(found).toMatchObject({ first: 1, last: 1, hops: [{ name: 'c' }] });
    expect(found?.currentMs).toBeGreaterThan((found?.candidateMs ?? 0) + 100);
  });

  it('stays for a short rest, and for a long context that is dear to rebuild', () => {
    expect(move(swarm, { remainingTokens: 3 })).toBeNull();
    expect(move(swarm, { committed: 100_000, tokensMax: 900 })).toBeNull();
  });

  it('stays where the others are only a little better', () => {
    const peers = [peer('a', [0, 3]), peer('b', [3, 6], { blockMs: measured(11) }), swarm[2]];
    expect(move(peers as PeerView[], { remainingTokens: 1e6 })).toBeNull();
  });

  it.each([
    ['was banned', { isBanned: true }],
    ['was measured once', { blockMs: measured(10, { samples: 1 }) }],
    ['was measured long ago', { blockMs: measured(10, { ageMs: 1e8 }) }],
    ['only claims to be fast', { blockMs: null, record: { decodeBlocksPerSecond: 1e6 } }],
    ['is at an unknown distance', { latencyMs: null }],
    ['has no room', { record: { kvTokensFree: 100 } }],
  ] satisfies [string, PeerChanges][])('does not count a peer that %s', (_why, changes) => {
    expect(move([...swarm.slice(0, 2), peer('c', [3, 6], changes)])).toBeNull();
  });

  it('leaves out peers that are excluded', () => {
    expect(move(swarm, { excluded: new Set([(swarm[2] as PeerView).peer]) })).toBeNull();
  });

  it('moves the whole route where other spans make a better one', () => {
    const peers = [...swarm.slice(0, 2), peer('whole', [0, 6], { blockMs: measured(2) })];
    expect(move(peers)).toMatchObject({ first: 0, last: 1, hops: [{ name: 'whole' }] });
  });

  it('does not leave the best route', () => {
    const best = planRoutes({ peers: swarm }, request, { count: 1 })[0]?.hops ?? [];
    expect(planMove({ peers: swarm }, best, request, noLuck)).toBeNull();
    expect(sessionLimits.moveMarginRatio).toBeGreaterThan(0);
  });
});

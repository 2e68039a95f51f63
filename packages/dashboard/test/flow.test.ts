import { describe, expect, it } from 'vitest';
import { placePeers } from '../src/flow/place-peers.js';
import { routeChanges } from '../src/flow/route-changes.js';
import { FixtureSwarm } from './support/fixture-swarm.js';

describe('placePeers', () => {
  const swarm = new FixtureSwarm({ nowMs: 1_790_000_000_000 });
  const peers = swarm.serving();
  const places = placePeers(peers, 80);

  it('goes from left to right by the blocks', () => {
    for (const { id, span } of peers) {
      expect(places.get(id)?.x).toBeCloseTo((span.start + span.end) / 160);
      expect(places.get(id)?.y).toBeGreaterThan(0);
      expect(places.get(id)?.y).toBeLessThan(1);
    }
  });

  it('leaves those who stay where they are', () => {
    const [, ...others] = peers;
    const later = placePeers(others, 80, places);
    expect(later.size).toBe(others.length);
    for (const { id } of others) expect(later.get(id)).toEqual(places.get(id));
  });

  it('finds another place for one that moved', () => {
    const [first, ...others] = peers;
    if (first === undefined) throw new Error('The swarm is empty.');
    const moved = { ...first, span: { start: 70, end: 80 } };
    expect(placePeers([moved, ...others], 80, places).get(first.id)?.x).toBeCloseTo(75 / 80);
  });

  it('puts no two upon each other', () => {
    const points = [...places.values()];
    const near = points.filter((a, index) =>
      points.some((b, other) => other > index && Math.hypot(a.x - b.x, a.y - b.y) < 0.004),
    );
    expect(near).toEqual([]);
  });
});

describe('routeChanges', () => {
  it('says who took whose blocks', () => {
    const swarm = new FixtureSwarm({ nowMs: 1_790_000_000_000 });
    const before = swarm.sessionsAnswer().sessions;
    const victim = before.flatMap(({ route }) => route.slice(1, -1))[0];
    if (victim === undefined) throw new Error('No session has a hop in its middle.');
    swarm.kill(victim.peer);
    const after = swarm.sessionsAnswer().sessions;
    const changes = routeChanges(before, after);
    expect(changes.length).toBeGreaterThan(0);
    for (const { gone, come, text } of changes) {
      expect(gone).toEqual([victim.peer]);
      expect(come).toHaveLength(1);
      expect(text).toMatch(new RegExp(`^${victim.name} → \\S+ for blocks? \\d`));
    }
    expect(routeChanges(after, after)).toEqual([]);
    expect(routeChanges([], after)).toEqual([]);
    const unheard = after.map((session) => ({ ...session, isWhole: false }));
    expect(routeChanges(before, unheard)).toEqual([]);
  });
});

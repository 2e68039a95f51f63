import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arrangePeers, orders } from '../src/map/arrange-peers.js';
import { loadOf, loadStep } from '../src/map/load.js';
import { cellAt, mapGeometry, moveCell, visibleRows } from '../src/map/map-geometry.js';
import { FixtureSwarm } from './support/fixture-swarm.js';

const swarm = new FixtureSwarm({ nowMs: 1_790_000_000_000 });
const [model] = swarm.modelStates();
const all = {
  model: model?.hash ?? '',
  order: 'block',
  state: null,
  search: '',
  session: null,
} as const;

describe('arrangePeers', () => {
  const peers = [...swarm.peers.values()];

  it('shows the peers of one model, by their first block', () => {
    const rows = arrangePeers(peers, all);
    expect(rows).toHaveLength(197);
    const starts = rows.map(({ span }) => span.start);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });

  it.each(orders)('sorts by %s, the same whatever order they came in', (order) => {
    const rows = arrangePeers(peers, { ...all, order });
    expect(arrangePeers([...peers].reverse(), { ...all, order })).toEqual(rows);
  });

  it('finds by name, id and state', () => {
    const [some] = peers;
    expect(arrangePeers(peers, { ...all, search: some?.name.toUpperCase() ?? '' })).toContain(some);
    expect(arrangePeers(peers, { ...all, search: some?.id ?? '' })).toEqual([some]);
    const lost = arrangePeers(peers, { ...all, state: 'lost' });
    expect(lost.map(({ state }) => state)).toEqual(['lost', 'lost']);
    expect(arrangePeers(peers, { ...all, search: 'nobody has this name' })).toEqual([]);
  });

  it('puts the route of a session first, in its order', () => {
    const [session] = swarm.sessions.values();
    const rows = arrangePeers(peers, { ...all, order: 'name', session: session ?? null });
    const route = session?.route.map(({ peer }) => peer) ?? [];
    expect(rows.slice(0, route.length).map(({ id }) => id)).toEqual(route);
    expect(rows).toHaveLength(197);
  });
});

describe('loadOf', () => {
  it('is from 0 to 1, by the fuller of cache and queue', () => {
    const free = { freeTokens: 100, maxTokens: 100 };
    expect(loadOf({ kv: free, queuedRows: 0 })).toBe(0);
    expect(loadOf({ kv: free, queuedRows: 8 })).toBe(0.5);
    expect(loadOf({ kv: { freeTokens: 25, maxTokens: 100 }, queuedRows: 8 })).toBe(0.75);
    expect(loadOf({ kv: { freeTokens: 0, maxTokens: 0 }, queuedRows: 0 })).toBe(0);
  });

  it('has a step for every load', () => {
    expect([0, 0.19, 0.2, 0.5, 0.99, 1].map(loadStep)).toEqual([0, 0, 1, 2, 4, 4]);
  });
});

describe('the geometry of the map', () => {
  const geometry = mapGeometry({ availablePx: 1000, blockCount: 80, rowCount: 200 });

  it('fits the columns to the room, within bounds', () => {
    expect(geometry.columnPx).toBe(12);
    expect(mapGeometry({ availablePx: 200, blockCount: 80, rowCount: 1 }).columnPx).toBe(9);
    expect(mapGeometry({ availablePx: 4000, blockCount: 8, rowCount: 1 }).columnPx).toBe(150);
  });

  it('finds the cell at each point, and none beside the map', () => {
    fc.assert(
      fc.property(
        fc.nat(199),
        fc.nat(79),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (row, block, part) => {
          const [x, y] = [(block + part) * geometry.columnPx, (row + part) * geometry.rowPx];
          expect(cellAt(geometry, x, y)).toEqual({ row, block });
        },
      ),
    );
    expect(cellAt(geometry, -1, 5)).toBeNull();
    expect(cellAt(geometry, geometry.width, 5)).toBeNull();
    expect(cellAt(geometry, 5, geometry.height)).toBeNull();
  });

  it('never leaves the map by keys', () => {
    const keys = [
      'ArrowUp',
      'ArrowDown',
      'ArrowLeft',
      'ArrowRight',
      'PageUp',
      'PageDown',
      'Home',
      'End',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...keys), { maxLength: 60 }), (pressed) => {
        let cell = { row: 0, block: 0 };
        for (const key of pressed) cell = moveCell(geometry, cell, key) ?? cell;
        expect(cell.row).toBeGreaterThanOrEqual(0);
        expect(cell.row).toBeLessThan(200);
        expect(cell.block).toBeGreaterThanOrEqual(0);
        expect(cell.block).toBeLessThan(80);
      }),
    );
    expect(moveCell(geometry, { row: 0, block: 0 }, 'a')).toBeNull();
  });

  it('draws only the rows that are seen', () => {
    expect(visibleRows(geometry, { top: 0, height: 440 })).toEqual({ first: 0, end: 20 });
    expect(visibleRows(geometry, { top: 33, height: 440 })).toEqual({ first: 1, end: 22 });
    expect(visibleRows(geometry, { top: 1e6, height: 440 })).toEqual({ first: 45454, end: 45454 });
  });
});

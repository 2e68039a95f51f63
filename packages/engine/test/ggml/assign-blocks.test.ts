import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  assignBlocks,
  type BlockLoads,
  type BlockPlacements,
  type DeviceRooms,
  type Placement,
} from '../../src/ggml/assign-blocks.js';

const loads: fc.Arbitrary<BlockLoads> = fc.record({
  embeddingBytes: fc.integer({ min: 0, max: 60 }),
  blockBytes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 7 }),
  headBytes: fc.integer({ min: 0, max: 60 }),
});

const rooms: fc.Arbitrary<DeviceRooms> = fc.record({
  deviceBytes: fc.array(fc.integer({ min: 0, max: 160 }), { maxLength: 3 }),
  blocksOnDevicesMax: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
});

const placesOf = ({ embedding, blocks, head }: BlockPlacements): readonly Placement[] => [
  embedding,
  ...blocks,
  head,
];

const sizesOf = ({ embeddingBytes, blockBytes, headBytes }: BlockLoads) => [
  embeddingBytes,
  ...blockBytes,
  headBytes,
];

/** How full each device gets, relative to its room. */
function fillings(places: readonly Placement[], sizes: readonly number[], room: readonly number[]) {
  return room.map((available, device) => {
    const used = sizes.reduce((sum, size, item) => sum + (places[item] === device ? size : 0), 0);
    return used === 0 ? 0 : used / available;
  });
}

/** All ways to give items to devices in order. */
function* allWays(items: number, devices: number, from = 0): Generator<number[]> {
  if (items === 0) yield [];
  else {
    for (let device = from; device < devices; device += 1) {
      for (const rest of allWays(items - 1, devices, device)) yield [device, ...rest];
    }
  }
}

/** The least full that the fullest device can be, with the items from `first` on; or null. */
function leastFilling(sizes: readonly number[], room: readonly number[], first: number) {
  const ways = [...allWays(sizes.length - first, room.length)].map((way) => {
    const places = [...new Array<null>(first).fill(null), ...way];
    return Math.max(0, ...fillings(places, sizes, room));
  });
  const least = Math.min(...ways);
  return least <= 1 ? least : null;
}

describe('blocks of an engine with several devices', () => {
  it('go to the CPU first, then to one device after the other, each a range', () => {
    fc.assert(
      fc.property(loads, rooms, (load, room) => {
        const order = placesOf(assignBlocks(load, room)).map((place) => place ?? -1);
        expect(order).toEqual([...order].sort((a, b) => a - b));
        expect(order).toHaveLength(load.blockBytes.length + 2);
      }),
    );
  });

  it('never take more of a device than it has', () => {
    fc.assert(
      fc.property(loads, rooms, (load, room) => {
        const places = placesOf(assignBlocks(load, room));
        const filled = fillings(places, sizesOf(load), room.deviceBytes);
        for (const part of filled) expect(part).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('leave to the CPU only what fits in no way, and fill devices as evenly as can be', () => {
    fc.assert(
      fc.property(loads, rooms, (load, room) => {
        const { deviceBytes, blocksOnDevicesMax = load.blockBytes.length } = room;
        const sizes = sizesOf(load);
        const places = placesOf(assignBlocks(load, room));
        const withheld = Math.max(0, load.blockBytes.length - blocksOnDevicesMax);
        // A head alone stays on the CPU.
        const best = [...sizes.keys()]
          .filter((first) => withheld === 0 || first > withheld)
          .filter((first) => first <= load.blockBytes.length)
          .find((first) => leastFilling(sizes, deviceBytes, first) !== null);
        expect(places.filter((place) => place === null)).toHaveLength(best ?? sizes.length);
        if (best === undefined) return;
        const fullest = Math.max(0, ...fillings(places, sizes, deviceBytes));
        expect(fullest).toBeCloseTo(leastFilling(sizes, deviceBytes, best) ?? Number.NaN, 6);
      }),
    );
  });

  it('are shared evenly by equal devices', () => {
    const load = { embeddingBytes: 0, blockBytes: new Array<number>(8).fill(10), headBytes: 0 };
    const { blocks } = assignBlocks(load, { deviceBytes: [100, 100] });
    expect(blocks).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it('stay on the CPU where no block may leave it', () => {
    const load = { embeddingBytes: 1, blockBytes: [1, 1], headBytes: 1 };
    const found = assignBlocks(load, { deviceBytes: [100], blocksOnDevicesMax: 0 });
    expect(found).toEqual({ embedding: null, blocks: [null, null], head: null });
  });
});

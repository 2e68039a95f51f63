import type { Random } from '../support/seeded-random.js';

/**
 * The machines of the simulated swarms. A 70B model in 4 bits has 80 blocks of about 0.45 GB; with
 * its share of KV cache and scratch a block takes 0.7 GB, beside 2 GB for the rest of the system.
 * Speeds are the vendors' dense f16 tensor figures; only their ratios matter. `count` is how common
 * a card is among the simulated peers.
 *
 * The mix was chosen such that Petals' rule, in `petals-rule.ts`, comes near to what its own code
 * gave on its own mix: 0.50 / 0.745 / 0.82 / 0.90 at 8 / 16 / 32 / 64 servers.
 */
const cards = [
  { name: 'RTX 3060', memoryGb: 12, teraflops: 51, count: 14 },
  { name: 'RTX 3070', memoryGb: 8, teraflops: 81, count: 10 },
  { name: 'RTX 3080', memoryGb: 10, teraflops: 119, count: 8 },
  { name: 'RTX 3090', memoryGb: 24, teraflops: 142, count: 6 },
  { name: 'RTX 4060 Ti', memoryGb: 16, teraflops: 88, count: 8 },
  { name: 'RTX 4070', memoryGb: 12, teraflops: 117, count: 10 },
  { name: 'RTX 4080', memoryGb: 16, teraflops: 195, count: 6 },
  { name: 'RTX 4090', memoryGb: 24, teraflops: 330, count: 8 },
  { name: 'T4', memoryGb: 15, teraflops: 65, count: 14 },
  { name: 'RTX A4000', memoryGb: 16, teraflops: 77, count: 8 },
  { name: 'RTX 2080 Ti', memoryGb: 11, teraflops: 108, count: 6 },
  { name: 'RTX A5000', memoryGb: 24, teraflops: 111, count: 2 },
] as const;

export const blockCount = 80;
const blockGb = 0.7;
const reservedGb = 2;
/** 2 operations for each of the 856 million weights of a block, at 40% of the peak. */
const rowsPerTeraflop = (1e12 * 0.4) / (2 * 856e6);

/** A machine as placement sees it. */
export interface Machine {
  readonly name: string;
  readonly capacityBlocks: number;
  readonly blocksPerSecond: number;
}

export const machines: readonly Machine[] = cards.map(({ name, memoryGb, teraflops }) => ({
  name,
  capacityBlocks: Math.floor((memoryGb - reservedGb) / blockGb),
  blocksPerSecond: Math.round(teraflops * rowsPerTeraflop),
}));

/** One machine, as often as its card is common. */
export function drawMachine(random: Random): Machine {
  const total = cards.reduce((sum, { count }) => sum + count, 0);
  let rest = random() * total;
  const index = cards.findIndex(({ count }) => {
    rest -= count;
    return rest < 0;
  });
  return machines[index] as Machine;
}

/** Machines in the order in which they join; drawn again when all together cannot hold the model. */
export function drawMachines(count: number, random: Random): Machine[] {
  for (;;) {
    const drawn = Array.from({ length: count }, () => drawMachine(random));
    const capacity = drawn.reduce((sum, { capacityBlocks }) => sum + capacityBlocks, 0);
    if (capacity >= blockCount) return drawn;
  }
}

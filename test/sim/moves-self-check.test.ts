import { expect, it, vi } from 'vitest';
import { drawScenario } from './scenario/draw-scenario.js';
import { restless } from './scenario/restless.js';
import { runScenario } from './scenario/run-scenario.js';

vi.mock('../../packages/peer/src/placement/may-leave.js', () => ({
  mayLeave: () => true,
  soleHostSpan: () => null,
}));

it('notices peers that leave without a look at who stays', async () => {
  const broken = new Set<string>();
  for (const seed of [4100, 4101, 4102, 4103]) {
    const drawn = await drawScenario(seed, {
      peers: 8,
      clients: 1,
      faults: 0,
      hasSafePeers: false,
    });
    const { violations } = await runScenario(restless(drawn, { hasRoom: false }));
    for (const { invariant } of violations) broken.add(invariant);
  }
  expect(broken).toContain('no block is lost by a move');
});

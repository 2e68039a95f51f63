import { afterEach, expect, it, vi } from 'vitest';
import { drawScenario } from './scenario/draw-scenario.js';
import { runScenario } from './scenario/run-scenario.js';
import { SimEngine } from './swarm/sim-engine.js';

afterEach(() => vi.restoreAllMocks());

async function brokenInvariants(): Promise<Set<string>> {
  const scenario = await drawScenario(5000, {
    peers: 8,
    clients: 2,
    faults: 0,
    hasSafePeers: true,
  });
  const { violations } = await runScenario(scenario);
  return new Set(violations.map(({ invariant }) => invariant));
}

it('finds nothing where nothing is wrong', async () => {
  expect(await brokenInvariants()).toEqual(new Set());
});

it('notices an output that is wrong by one bit', async () => {
  const step = SimEngine.prototype.step;
  let steps = 0;
  vi.spyOn(SimEngine.prototype, 'step').mockImplementation(async function (this: SimEngine, items) {
    const batch = await step.call(this, items);
    steps += 1;
    const [outcome] = batch.outcomes;
    // The sign of a value, or a bit of its fraction.
    if (steps % 10 === 0 && outcome?.ok && outcome.output.kind === 'hidden') {
      const { bytes } = outcome.output;
      bytes[bytes.length - 3] = (bytes[bytes.length - 3] as number) ^ 0x80;
    }
    return batch;
  });
  expect(await brokenInvariants()).toContain('tokens equal the reference');
});

it('notices a session that is not freed', async () => {
  vi.spyOn(SimEngine.prototype, 'closeSession').mockImplementation(() => {});
  expect(await brokenInvariants()).toContain('memory is given back');
});

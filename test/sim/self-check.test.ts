import { afterEach, expect, it, vi } from 'vitest';
import { describeFailure } from './scenario/describe-run.js';
import { drawScenario } from './scenario/draw-scenario.js';
import { runScenario } from './scenario/run-scenario.js';
import { SimEngine } from './swarm/sim-engine.js';
import { VirtualTime } from './world/virtual-time.js';

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

it('notices a run that does not come to an end, and says how to repeat it', async () => {
  const scenario = await drawScenario(5001, { peers: 8, clients: 2, faults: 0 });
  const report = await runScenario(scenario, { eventsMax: 500 });
  expect(report.violations.map(({ invariant }) => invariant)).toEqual(['a run comes to an end']);
  expect(describeFailure(report)).toContain('--from 5001');
});

it('notices that time stands still', async () => {
  const time = new VirtualTime();
  const again = () => {
    time.schedule(0, again);
  };
  again();
  await expect(time.run({ isDone: () => false, untilMs: 10 })).rejects.toThrow(/time stands still/);
});

import { expect, it } from 'vitest';
import { describeFailure } from './scenario/describe-run.js';
import { drawScenario } from './scenario/draw-scenario.js';
import { runScenario } from './scenario/run-scenario.js';

// More of them: node scripts/dist/sim/main.js --seeds 1000
const from = Number(process.env.SKEIN_SIM_FROM ?? 1);
const count = Number(process.env.SKEIN_SIM_SEEDS ?? 20);

it.each(Array.from({ length: count }, (_, index) => from + index))(
  'a swarm with faults keeps its promises: seed %i',
  async (seed) => {
    const report = await runScenario(await drawScenario(seed));
    if (report.violations.length > 0) console.log(describeFailure(report));
    expect(report.violations).toEqual([]);
  },
);

import { afterAll, expect, it } from 'vitest';
import { describeFailure } from './describe-run.js';
import { drawScenario } from './draw-scenario.js';
import { linkFaultKinds, peerFaultKinds } from './fault-types.js';
import { runScenario } from './run-scenario.js';

/** Seeds of one file: enough of them hold every kind of fault. */
export const seedsPerFile = 50;

/**
 * Runs the seeds of one file; the files run side by side. More of them:
 * `node scripts/dist/sim/main.js --seeds 1000 --jobs 2`.
 */
export function checkSeeds(options: { readonly from: number }): void {
  const { from } = options;
  const counts = new Map<string, number>();
  let runs = 0;
  const seeds = Array.from({ length: seedsPerFile }, (_, index) => from + index);

  it.each(seeds)('a swarm with faults keeps its promises: seed %i', async (seed) => {
    runs += 1;
    const report = await runScenario(await drawScenario(seed));
    for (const [kind, count] of report.faultCounts) {
      counts.set(kind, (counts.get(kind) ?? 0) + count);
    }
    if (report.violations.length > 0) console.log(describeFailure(report));
    expect(report.violations).toEqual([]);
  });

  afterAll(() => {
    // Somebody looks into one seed only.
    if (runs < seedsPerFile) return;
    console.log(`faults: ${JSON.stringify(Object.fromEntries(counts))}`);
    const never = [...peerFaultKinds, ...linkFaultKinds].filter((kind) => !counts.has(kind));
    expect(never).toEqual([]);
  });
}

import { expect, it } from 'vitest';
import { describeFailure } from './scenario/describe-run.js';
import { drawScenario } from './scenario/draw-scenario.js';
import { linkFaultKinds, peerFaultKinds } from './scenario/fault-types.js';
import { runScenario } from './scenario/run-scenario.js';

const kinds = [...peerFaultKinds, ...linkFaultKinds, 'client-crash'] as const;

it.each(kinds.map((kind, index) => [kind, 1000 + index] as const))(
  'many faults of one kind break nothing: %s, seed %i',
  async (kind, seed) => {
    const scenario = await drawScenario(seed, {
      peers: 9,
      clients: 4,
      faults: 24,
      faultKinds: [kind],
      hasSafePeers: true,
    });
    const report = await runScenario(scenario);
    if (report.violations.length > 0) console.log(describeFailure(report));
    expect(report.violations).toEqual([]);
    // It did happen: a message was spoilt, and not only meant to be.
    expect(report.faultCounts.get(kind)).toBeGreaterThan(0);
    // What a dead client had asked for has no end, and no error either.
    expect(report.generations.every(({ error }) => error === null)).toBe(true);
  },
);

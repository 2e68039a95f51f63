import { expect, it } from 'vitest';
import { describeFailure } from './scenario/describe-run.js';
import { drawScenario } from './scenario/draw-scenario.js';
import { runScenario } from './scenario/run-scenario.js';

/** What clients noted when a peer left. */
const notice = / (handed-over|replaced) \S+: draining:/;

it('peers that leave cost their sessions no rebuild', async () => {
  const kinds: string[] = [];
  for (const seed of [3001, 3002, 3003]) {
    const drawn = await drawScenario(seed, {
      peers: 9,
      clients: 4,
      faults: 24,
      faultKinds: ['leave'],
      hasSafePeers: true,
    });
    // A standby takes over without a hand-over; here everything has to be handed over.
    const clients = drawn.clients.map((plans) =>
      plans.map((plan) => ({ ...plan, standby: false })),
    );
    const scenario = { ...drawn, clients };
    const report = await runScenario(scenario);
    if (report.violations.length > 0) console.log(describeFailure(report));
    expect(report.violations).toEqual([]);
    for (const line of report.trace.lines(Number.POSITIVE_INFINITY, notice)) {
      kinds.push(notice.exec(line)?.[1] ?? line);
    }
  }
  expect(new Set(kinds)).toEqual(new Set(['handed-over']));
});

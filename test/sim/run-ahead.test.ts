import { expect, it } from 'vitest';
import { drawCrowd } from './scenario/crowd-scenario.js';
import { describeFailure } from './scenario/describe-run.js';
import { runScenario } from './scenario/run-scenario.js';

const tokenCount = 80;

/** Median wait for a token, in virtual time, of one client on so many hops with little to compute. */
async function medianWaitMs(hops: number, runAhead: boolean): Promise<number> {
  const scenario = await drawCrowd(7, {
    parts: hops,
    copies: 1,
    clients: 1,
    speedRatio: 1000,
    arrivalMs: 0,
    tokenCount,
  });
  const clients = scenario.clients.map((plans) => plans.map((plan) => ({ ...plan, runAhead })));
  const report = await runScenario({ ...scenario, clients });
  if (report.violations.length > 0) console.log(describeFailure(report));
  expect(report.violations).toEqual([]);
  const [generation] = report.generations;
  expect(generation?.tokens).toHaveLength(tokenCount);
  const waits = (generation?.waits ?? [])
    .slice(1, tokenCount)
    .map(({ fromMs, toMs }) => toMs - fromMs)
    .sort((left, right) => left - right);
  return waits[waits.length >> 1] as number;
}

it.each([1, 2, 3])('over %i hops a token does not wait for its client', async (hops) => {
  const [waiting, ahead] = [await medianWaitMs(hops, false), await medianWaitMs(hops, true)];
  console.log(`${hops} hops: ${waiting.toFixed(1)} ms a token, ${ahead.toFixed(1)} ms run ahead`);
  // Of the way there and back between two nodes, S + 1 legs become S; of a single hop, none is left.
  expect(ahead).toBeLessThan(hops === 1 ? 0.2 * waiting : 0.9 * waiting);
});

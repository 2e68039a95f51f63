import { expect, it } from 'vitest';
import { drawScenario } from './scenario/draw-scenario.js';
import { runScenario } from './scenario/run-scenario.js';

it('runs', async () => {
  const from = Number(process.env.SEED ?? 1);
  const count = Number(process.env.COUNT ?? 1);
  let bad = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const cpu = process.cpuUsage();
    const report = await runScenario(await drawScenario(seed, JSON.parse(process.env.SIZE ?? '{}')));
    const { violations, traceHash, eventCount, virtualMs, faultCount, banCount, rerouteCount } = report;
    const errors = report.generations.filter((g) => g.error).map((g) => g.error?.code);
    console.log(seed, `${(process.cpuUsage(cpu).user / 1000).toFixed(0)} ms`, traceHash, { eventCount, virtualMs, faultCount, banCount, rerouteCount, wait: report.longestWaitMs, gens: report.generations.length, errors: errors.join() });
    if (violations.length > 0) {
      bad += 1;
      console.log(violations.slice(0, 6));
    }
    if (process.env.VERBOSE) console.log(report.trace.lines(Number(process.env.VERBOSE), process.env.GREP ? new RegExp(process.env.GREP) : undefined).join('\n'));
  }
  expect(bad).toBe(0);
}, 600_000);

import { expect, it } from 'vitest';
import { drawCrowd } from './scenario/crowd-scenario.js';
import { describeFailure } from './scenario/describe-run.js';
import { drawScenario, type Scenario } from './scenario/draw-scenario.js';
import { type RunReport, runScenario } from './scenario/run-scenario.js';

/** Each peer's work over its fair share: the part of its rivals' work that its speed is worth. */
function shares({ peers }: Scenario, { tokenBlocks }: RunReport): number[] {
  return peers.map(({ span, speed }, index) => {
    const rivals = [...peers.keys()].filter((other) => peers[other]?.span.start === span.start);
    const sum = (of: (other: number) => number) =>
      rivals.reduce((all, other) => all + of(other), 0);
    const work = sum((other) => tokenBlocks[other] as number);
    const speeds = sum((other) => 1 / (peers[other] as { speed: typeof speed }).speed.blockMs);
    return (tokenBlocks[index] as number) / ((work * (1 / speed.blockMs)) / speeds);
  });
}

it('200 clients, strangers to each other, load peers by their speed', async () => {
  const crowd = { parts: 3, copies: 8, clients: 200, speedRatio: 2 };
  const scenario = await drawCrowd(31, { ...crowd, arrivalMs: 10_000, tokenCount: 60 });
  const report = await runScenario(scenario);
  if (report.violations.length > 0) console.log(describeFailure(report));
  expect(report.violations).toEqual([]);
  expect(report.generations.every(({ error }) => error === null)).toBe(true);
  const busiest = shares(scenario, report).sort((a, b) => b - a);
  console.log(
    `busiest peers over their fair share: ${busiest.slice(0, 5).map((s) => s.toFixed(2))}`,
  );
  expect(busiest[0]).toBeLessThan(1.3);
}, 600_000);

it('a swarm of 200 peers with faults keeps its promises', async () => {
  const scenario = await drawScenario(32, { peers: 200, clients: 6, faults: 100 });
  const report = await runScenario(scenario);
  if (report.violations.length > 0) console.log(describeFailure(report));
  expect(report.violations).toEqual([]);
  expect(report.faultCount).toBeGreaterThan(25);
}, 600_000);

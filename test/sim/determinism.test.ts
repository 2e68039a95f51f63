import { expect, it } from 'vitest';
import { drawScenario } from './scenario/draw-scenario.js';
import { runScenario } from './scenario/run-scenario.js';

const run = async (seed: number) =>
  runScenario(await drawScenario(seed, { peers: 10, clients: 4, faults: 20 }));

it('repeats a run from its seed, frame by frame', async () => {
  const [first, second] = [await run(77), await run(77)];
  expect(second.traceHash).toBe(first.traceHash);
  expect(second.eventCount).toBe(first.eventCount);
  expect(second.trace.lines(100)).toEqual(first.trace.lines(100));
  expect(first.faultCount).toBeGreaterThan(0);
});

it('runs differently from another seed', async () => {
  const [first, second] = [await run(78), await run(79)];
  expect(second.traceHash).not.toBe(first.traceHash);
});

import { expect, it } from 'vitest';
import { describeFailure } from './scenario/describe-run.js';
import { drawScenario } from './scenario/draw-scenario.js';
import { restless } from './scenario/restless.js';
import { runScenario } from './scenario/run-scenario.js';

it.each([true, false])(
  'peers that move all the time lose no block and no token: memory holds both spans: %s',
  async (hasRoom) => {
    const drawn = await drawScenario(4100, {
      peers: 12,
      clients: 4,
      faults: 0,
      hasSafePeers: false,
    });
    const report = await runScenario(restless(drawn, { hasRoom }));
    if (report.violations.length > 0) console.log(describeFailure(report));
    expect(report.violations).toEqual([]);
    expect(report.moveCount).toBeGreaterThan(0);
    const errors = report.generations.filter(({ error }) => error !== null);
    if (errors.length > 0) console.log(describeFailure(report));
    expect(errors.map(({ client, error }) => `${client}: ${error?.message}`)).toEqual([]);
  },
);

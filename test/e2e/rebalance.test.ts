import { afterEach, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runSkein, type SkeinProcess, stopEverything } from '../support/skein-process.js';
import { startSwarm, tokenIdsOf } from '../support/swarm.js';

const model = goldenModel('llama-8block-f32');

afterEach(stopEverything);

it('a peer moves to where one host is too few, and no generation notices', async () => {
  const swarm = await startSwarm({
    model: model.path,
    blocks: ['0:4', '0:4', '0:4', '4:8'],
    // From where they are told to begin: such peers stay unless an interval is named.
    parameters: ['--rebalance-interval', '2'],
  });
  const processes = swarm.peers.map(({ process }) => process);
  const generate = async () => {
    const { code, events, stderr } = await runSkein([
      'generate',
      '--model',
      model.path,
      '--bootstrap',
      swarm.bootstrap,
      '--prompt-tokens',
      model.prompt.join(','),
      '--max-tokens',
      '64',
      '--temperature',
      '0',
      '--ignore-eos',
      '--wire-type',
      'f32',
    ]);
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    expect(tokenIdsOf(events)).toEqual(model.greedy.slice(0, 64));
  };
  let isMoved = false;
  const moved = Promise.race(processes.map(waitForMove)).then((mover) => {
    isMoved = true;
    return mover;
  });
  const generateUntilMoved = async () => {
    while (!isMoved) await generate();
    await generate();
  };
  await Promise.all([generateUntilMoved(), generateUntilMoved()]);
  const mover = await moved;
  const planned = await mover.waitFor('move-planned');
  expect(planned).toMatchObject({ from: { start: 0, end: 4 }, gain: expect.any(Number) });
  expect(planned.to.end).toBeGreaterThan(4);
  const [move] = mover.events.filter(({ event }) => event === 'moved');
  expect(move).toMatchObject({ from: planned.from, to: planned.to, reason: planned.reason });
  const released = await mover.waitFor('span-released');
  expect(released.span).toEqual(planned.from);
  const { events } = await runSkein(['status', '--bootstrap', swarm.bootstrap]);
  const status = events.find(({ event }) => event === 'status');
  expect(status).toMatchObject({ isComplete: true });
  expect(status?.weakestBlock.peerCount).toBeGreaterThanOrEqual(2);
});

async function waitForMove(process: SkeinProcess): Promise<SkeinProcess> {
  // A peer that stays never prints it; the test is over by then.
  await process.waitFor('moved', { timeoutMs: 150_000 }).catch(() => new Promise(() => {}));
  return process;
}

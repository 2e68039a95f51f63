import { afterEach, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runSkein, stopEverything } from '../support/skein-process.js';
import { startSwarm, tokenIdsOf } from '../support/swarm.js';

afterEach(stopEverything);

// Both a folder of which a tensor's bytes are spread over experts, and one with two rotations.
it.each([
  ['mixtral-f32', ['0:2', '2:4']],
  ['gemma3-f32', ['0:3', '3:6']],
])('peers of %s generate what transformers does', async (name, blocks) => {
  const model = goldenModel(name);
  const swarm = await startSwarm({
    model: model.path,
    blocks,
    parameters: ['--kv-type', 'f32'],
  });
  const { code, events } = await runSkein([
    'generate',
    '--model',
    model.path,
    '--bootstrap',
    swarm.bootstrap,
    '--prompt-tokens',
    model.prompt.join(','),
    '--max-tokens',
    '32',
    '--temperature',
    '0',
    '--ignore-eos',
    '--wire-type',
    'f32',
  ]);
  expect(code).toBe(0);
  expect(tokenIdsOf(events)).toEqual(model.greedy.slice(0, 32));
});

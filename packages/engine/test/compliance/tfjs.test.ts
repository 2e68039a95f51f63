import { afterAll, beforeAll } from 'vitest';
import { backendVariable } from '../../src/tfjs/backends.js';
import { withEngine } from '../support/engines.js';
import { goldenModels } from '../support/golden.js';
import { describeEngine } from './describe-engine.js';

// Set from outside, the variable runs the suite on another backend, such as tfjs-node.
const wanted = process.env[backendVariable];
beforeAll(() => {
  process.env[backendVariable] = wanted ?? 'wasm';
});
afterAll(() => {
  if (wanted === undefined) delete process.env[backendVariable];
});

describeEngine({
  name: `TensorFlow.js on ${wanted ?? 'WebAssembly'}`,
  description:
    wanted === undefined ? /^TensorFlow\.js \S+ WebAssembly \(SIMD\)/ : /^TensorFlow\.js/,
  lend: (options, use) => withEngine({ ...options, engine: 'tfjs' }, use),
  models: goldenModels(),
  kvTypes: ['f32', 'f16'],
  weightTypes: ['keep'],
  cutModels: ['llama-8block-f32', 'mixtral-f32', 'gemma3-f32', 'phi4-longrope-f32', 'olmo2-f32'],
});

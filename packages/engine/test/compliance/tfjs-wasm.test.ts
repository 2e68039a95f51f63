import { afterAll, beforeAll } from 'vitest';
import { backendVariable } from '../../src/tfjs/backends.js';
import { withEngine } from '../support/engines.js';
import { goldenModels } from '../support/golden.js';
import { describeEngine } from './describe-engine.js';

beforeAll(() => {
  process.env[backendVariable] = 'wasm';
});
afterAll(() => {
  delete process.env[backendVariable];
});

describeEngine({
  name: 'TensorFlow.js on WebAssembly',
  description: /^TensorFlow\.js \S+ WebAssembly \(SIMD\)/,
  lend: (options, use) => withEngine({ ...options, engine: 'tfjs' }, use),
  models: goldenModels(),
  kvTypes: ['f32', 'f16'],
  weightTypes: ['keep'],
  cutModels: ['llama-8block-f32', 'mixtral-f32', 'gemma3-f32', 'phi4-longrope-f32', 'olmo2-f32'],
});

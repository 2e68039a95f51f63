import { afterAll, beforeAll, describe } from 'vitest';
import { backendVariable } from '../../src/tfjs/backends.js';
import { withEngine } from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import type { EngineUnderTest } from './engine-under-test.js';
import { describeGoldenNumbers } from './golden.js';
import { describeKvCache } from './kv-cache.js';
import { describeKvTypes } from './kv-types.js';
import { describeLoading } from './loading.js';

beforeAll(() => {
  process.env[backendVariable] = 'cpu';
});
afterAll(() => {
  delete process.env[backendVariable];
});

const subject: EngineUnderTest = {
  name: 'TensorFlow.js in JavaScript',
  description: /^TensorFlow\.js \S+ JavaScript/,
  lend: (options, use) => withEngine({ ...options, engine: 'tfjs' }, use),
  models: [readGolden('llama3-gqa-bf16'), readGolden('gptoss-mxfp4-gguf')],
  kvTypes: ['f32', 'f16'],
  weightTypes: ['keep'],
  cutModels: [],
};

// Plain JavaScript is slow, and its code is that of WebAssembly but for the kernels.
describe(subject.name, () => {
  describeLoading(subject);
  describeGoldenNumbers(subject);
  describeKvCache(subject);
  describeKvTypes(subject);
});

import { withEngine } from '../support/engines.js';
import { goldenModels } from '../support/golden.js';
import { describeEngine } from './describe-engine.js';

describeEngine({
  name: 'ggml on the CPU',
  description: /^ggml \S+ CPU/,
  lend: withEngine,
  models: goldenModels(),
  kvTypes: ['f32', 'f16', 'q8_0'],
  weightTypes: ['f32', 'f16', 'bf16', 'q8_0', 'q4_0'],
  cutModels: [
    ...['llama-8block-f32', 'qwen3-qknorm-f32', 'mistral-swa-f32'],
    ...['llama-sharded-f16', 'llama3-gqa-bf16', 'llama-q8_0-gguf', 'llama-q4_0-gguf'],
    ...['mixtral-f32', 'gemma2-f32', 'gemma3-f32', 'phi4-longrope-f32', 'olmo2-f32'],
    ...['gptoss-mxfp4-gguf', 'tiny-tales'],
  ],
});

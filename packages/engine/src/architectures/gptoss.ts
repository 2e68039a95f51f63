import type { ArchitectureDefinition } from './architecture.js';
import { ggufExpertKeys, readExperts, readExpertWidth } from './experts.js';
import { lastOfEach } from './last-of-each.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Every other block sees all tokens, beginning with the second. */
const period = 2;

/** GPT-OSS: sinks, experts with biases, a clamped activation. Its weights are MXFP4 by birth. */
export const gptoss: ArchitectureDefinition = {
  name: 'gptoss',
  // Folders hold packed blocks, in an order of their own, that only transformers takes apart.
  huggingFace: null,
  gguf: {
    name: 'gpt-oss',
    ropeMode: 'neox',
    rope: { truncatesYarn: false },
    keys: ['expert_count'],
    // llama.cpp names the second norm after where it stands, not after what it feeds.
    tensorNames: { post_attention_norm: 'ffn_norm' },
    read: (fields, { sizes }) => ({
      slidingWindow: readGgufWindow(fields) ?? fields.missing('attention.sliding_window'),
      fullAttentionBlocks: lastOfEach(period, sizes.blockCount),
      qkvBias: true,
      attentionOutputBias: true,
      attentionSinks: true,
      activation: 'swiglu-clamped',
      feedForwardSize: readExpertWidth(fields, ggufExpertKeys.width),
      experts: { ...readExperts(fields, ggufExpertKeys, 'chosen'), bias: true },
    }),
  },
};

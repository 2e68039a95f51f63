import { readWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Phi-3 and Phi-4: fused projections; some rotate a part of each head, by LongRoPE. */
export const phi3: ArchitectureDefinition = {
  name: 'phi3',
  huggingFace: {
    modelType: 'phi3',
    className: 'Phi3ForCausalLM',
    defaults: { contextLength: 4096, rmsNormEpsilon: 1e-5 },
    rope: { mayBePartial: true, mayBeLong: true },
    tensorNames: { 'self_attn.qkv_proj': 'attn_qkv', 'mlp.gate_up_proj': 'ffn_up' },
    read: (fields) => ({ slidingWindow: readWindow(fields, null), fusedProjections: true }),
  },
  gguf: {
    name: 'phi3',
    ropeMode: 'neox',
    rope: { mayBePartial: true, mayBeLong: true },
    read: (fields) => ({ slidingWindow: readGgufWindow(fields), fusedProjections: true }),
  },
};

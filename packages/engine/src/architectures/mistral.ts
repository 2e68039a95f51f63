import { mistralWindow } from '../model/huggingface/parse-sliding-window.js';
import type { ArchitectureDefinition } from './architecture.js';

/** Mistral 7B and its kin: Llama with a window. As GGUF they are `llama`. */
export const mistral: ArchitectureDefinition = {
  name: 'mistral',
  huggingFace: {
    modelType: 'mistral',
    className: 'MistralForCausalLM',
    defaults: { kvHeadCount: 8, contextLength: 131_072 },
    read: (fields, { blockCount }) => ({ slidingWindow: mistralWindow(fields, blockCount) }),
  },
  gguf: null,
};

/**
 * The families of models that Skein computes: one file each, and a line here. How to add one is
 * told in `docs/adding-a-model.md`.
 */
import type { ArchitectureDefinition } from './architecture.js';
import { gemma2 } from './gemma2.js';
import { gemma3 } from './gemma3.js';
import { gptoss } from './gptoss.js';
import { llama } from './llama.js';
import { mistral } from './mistral.js';
import { mixtral } from './mixtral.js';
import { olmo2 } from './olmo2.js';
import { phi3 } from './phi3.js';
import { qwen2 } from './qwen2.js';
import { qwen3 } from './qwen3.js';
import { qwen3moe } from './qwen3moe.js';

/** Every family. Where two share a name in GGUF, the one that asks `isMeant` stands first. */
export const architectures: readonly ArchitectureDefinition[] = [
  mixtral,
  llama,
  mistral,
  qwen2,
  qwen3,
  qwen3moe,
  gemma2,
  gemma3,
  phi3,
  olmo2,
  gptoss,
];

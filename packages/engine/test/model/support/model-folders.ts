import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WeightType } from '@skein/protocol';
import { afterAll } from 'vitest';
import {
  type GgufMetadata,
  type GgufTensorSource,
  type SafetensorsSource,
  tensorByteLength,
  writeGguf,
  writeSafetensors,
} from '../../../src/model/index.js';

/** A folder that is gone after the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'skein-model-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Names that no test of the file had before. */
export function freshPaths(root: string, extension = ''): () => string {
  let count = 0;
  return () => {
    count += 1;
    return join(root, `model-${count}${extension}`);
  };
}

export type ConfigJson = Record<string, unknown>;

/** A config.json of a Llama with two blocks, small enough to write in a millisecond. */
export function tinyConfig(overrides: ConfigJson = {}): ConfigJson {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_act: 'silu',
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 128,
    rms_norm_eps: 1e-5,
    vocab_size: 40,
    tie_word_embeddings: false,
    bos_token_id: 1,
    eos_token_id: 2,
    ...overrides,
  };
}

/** A tensor of a test model: random bytes unless given. */
export interface TestTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type?: WeightType;
  readonly bytes?: Uint8Array;
}

/** Tensors of {@link tinyConfig}'s model, spelled out: not derived from the code under test. */
export function tinyTensors(): TestTensor[] {
  const tensors: TestTensor[] = [{ name: 'model.embed_tokens.weight', shape: [40, 32] }];
  for (const block of [0, 1]) {
    const part = (name: string, ...shape: number[]) =>
      tensors.push({ name: `model.layers.${block}.${name}.weight`, shape });
    part('input_layernorm', 32);
    part('self_attn.q_proj', 32, 32);
    part('self_attn.k_proj', 16, 32);
    part('self_attn.v_proj', 16, 32);
    part('self_attn.o_proj', 32, 32);
    part('post_attention_layernorm', 32);
    part('mlp.gate_proj', 48, 32);
    part('mlp.up_proj', 48, 32);
    part('mlp.down_proj', 32, 48);
  }
  tensors.push(
    { name: 'model.norm.weight', shape: [32] },
    { name: 'lm_head.weight', shape: [40, 32] },
  );
  return tensors;
}

/** Writes a Hugging Face style folder; texts are further files. */
export async function writeFolder(
  folder: string,
  model: { config?: ConfigJson; tensors?: TestTensor[]; texts?: Record<string, string> } = {},
): Promise<string> {
  await mkdir(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(model.config ?? tinyConfig()));
  for (const [name, text] of Object.entries(model.texts ?? {})) {
    writeFileSync(join(folder, name), text);
  }
  const sources = (model.tensors ?? tinyTensors()).map(toSource) as SafetensorsSource[];
  await writeSafetensors(join(folder, 'model.safetensors'), sources);
  return folder;
}

/** Metadata of the same model in llama.cpp's keys. */
export function tinyMetadata(overrides: GgufMetadata = {}, architecture = 'llama'): GgufMetadata {
  const sizes: GgufMetadata = {
    block_count: { type: 'uint32', value: 2 },
    embedding_length: { type: 'uint32', value: 32 },
    feed_forward_length: { type: 'uint32', value: 48 },
    'attention.head_count': { type: 'uint32', value: 4 },
    'attention.head_count_kv': { type: 'uint32', value: 2 },
    'attention.layer_norm_rms_epsilon': { type: 'float32', value: 1e-5 },
    context_length: { type: 'uint32', value: 128 },
  };
  return {
    'general.architecture': { type: 'string', value: architecture },
    ...Object.fromEntries(
      Object.entries(sizes).map(([key, value]) => [`${architecture}.${key}`, value]),
    ),
    ...overrides,
  };
}

/** Tensors of the same model under their GGUF names. */
export function tinyGgufTensors(): TestTensor[] {
  const tensors: TestTensor[] = [{ name: 'token_embd.weight', shape: [40, 32] }];
  for (const block of [0, 1]) {
    const part = (name: string, ...shape: number[]) =>
      tensors.push({ name: `blk.${block}.${name}.weight`, shape });
    part('attn_norm', 32);
    part('attn_q', 32, 32);
    part('attn_k', 16, 32);
    part('attn_v', 16, 32);
    part('attn_output', 32, 32);
    part('ffn_norm', 32);
    part('ffn_gate', 48, 32);
    part('ffn_up', 48, 32);
    part('ffn_down', 32, 48);
  }
  tensors.push(
    { name: 'output_norm.weight', shape: [32] },
    { name: 'output.weight', shape: [40, 32] },
  );
  return tensors;
}

/** Writes a GGUF file and returns its path. */
export async function writeTinyGguf(
  path: string,
  model: { metadata?: GgufMetadata; tensors?: TestTensor[]; alignment?: number } = {},
): Promise<string> {
  const tensors = (model.tensors ?? tinyGgufTensors()).map(toSource);
  const { alignment } = model;
  const metadata = model.metadata ?? tinyMetadata();
  await writeGguf(path, { metadata, tensors, ...(alignment === undefined ? {} : { alignment }) });
  return path;
}

function toSource({ name, shape, type = 'f32', bytes }: TestTensor): GgufTensorSource {
  const byteLength = tensorByteLength(type, shape) ?? 0;
  return { name, shape, type, chunks: () => [bytes ?? new Uint8Array(randomBytes(byteLength))] };
}

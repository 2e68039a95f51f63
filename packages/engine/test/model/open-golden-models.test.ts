import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { expectedTensors, openModel, readTensor } from '../../src/model/index.js';

const golden = fileURLToPath(new URL('../../../../test/fixtures/golden/', import.meta.url));
const folders = readdirSync(golden, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

/** What the fixture's README says is particular about each. */
const particular: Record<string, object> = {
  'llama2-f32': { rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } }, headDim: 16 },
  'llama3-gqa-bf16': {
    tiedEmbeddings: true,
    rope: {
      theta: 500_000,
      mode: 'neox',
      scaling: {
        kind: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalContextLength: 64,
      },
    },
  },
  'llama-linear-rope-f16': {
    rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'linear', factor: 4 } },
  },
  'llama-bias-f32': { qkvBias: true, attentionOutputBias: true, feedForwardBias: true },
  'llama-8block-f32': { blockCount: 8 },
  'mistral-swa-f32': { architecture: 'mistral', slidingWindow: 16, headDim: 16, hiddenSize: 32 },
  'qwen2-bias-bf16': {
    architecture: 'qwen2',
    qkvBias: true,
    attentionOutputBias: false,
    slidingWindow: null,
    tiedEmbeddings: true,
  },
  'qwen2.5-untied-bf16': { architecture: 'qwen2', tiedEmbeddings: false, slidingWindow: null },
  'qwen3-qknorm-f32': { architecture: 'qwen3', qkNorm: true, headDim: 32, headCount: 4 },
  'mixtral-f32': {
    architecture: 'mixtral',
    slidingWindow: null,
    experts: { count: 4, usedCount: 2, softmaxOver: 'chosen' },
  },
  'qwen3moe-f32': {
    architecture: 'qwen3moe',
    feedForwardSize: 32,
    experts: { count: 8, usedCount: 3, softmaxOver: 'chosen' },
  },
  'qwen3moe-shares-bf16': { experts: { count: 4, usedCount: 2, softmaxOver: 'all' } },
  'gemma2-f32': {
    architecture: 'gemma2',
    slidingWindow: 16,
    fullAttentionBlocks: [1, 3, 5],
    normPlacement: 'around',
    normOffset: 1,
    attentionSoftCap: 3,
    logitSoftCap: 12,
    embeddingScale: Math.sqrt(32),
    tiedEmbeddings: true,
  },
  'gemma3-f32': {
    architecture: 'gemma3',
    slidingWindow: 16,
    fullAttentionBlocks: [5],
    rope: { theta: 1_000_000, mode: 'neox', scaling: { kind: 'linear', factor: 8 } },
    windowedRope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } },
    qkNorm: true,
  },
  'gemma3-scale-bf16': { fullAttentionBlocks: [1, 3], attentionScale: 1 / 8 },
  'phi3-window-f32': { architecture: 'phi3', slidingWindow: 16, fusedProjections: true },
  'phi4-longrope-f32': {
    rope: {
      dimensions: 24,
      scaling: {
        kind: 'longrope',
        originalContextLength: 32,
        attentionFactor: Math.sqrt(1 + Math.log(4) / Math.log(32)),
      },
    },
    tiedEmbeddings: true,
  },
  'gptoss-mxfp4-gguf': {
    architecture: 'gptoss',
    attentionSinks: true,
    activation: 'swiglu-clamped',
    fullAttentionBlocks: [1, 3],
    experts: { count: 4, usedCount: 2, softmaxOver: 'chosen', bias: true },
    rope: { scaling: { kind: 'yarn', truncate: false } },
  },
  'olmo2-f32': { architecture: 'olmo2', normPlacement: 'after', qkNormScope: 'projection' },
};

describe('golden models', () => {
  it.each(folders)('%s opens, with every tensor that its configuration demands', async (name) => {
    const file = await openModel(join(golden, name));
    const names = expectedTensors(file.config).map((tensor) => tensor.name);
    expect([...file.tensors.keys()]).toEqual(names);
    expect(file.config).toMatchObject(particular[name] ?? {});
    expect(file.tokenizerJson).toBeNull();
  });

  const embedded = folders.filter((name) => existsSync(join(golden, name, 'golden.json')));
  it.each(embedded)('%s gives the embedding rows that transformers computed with', async (name) => {
    const { prompt, tensors } = JSON.parse(readFileSync(join(golden, name, 'golden.json'), 'utf8'));
    const file = await openModel(join(golden, name));
    const location = file.tensors.get('token_embd.weight');
    if (location === undefined) throw new Error('no embedding');
    // Quantised rows need a dequantiser, which belongs to the engine.
    if (!['f32', 'bf16', 'f16'].includes(location.type)) return;
    const bytes = await readTensor(location);
    const truth = readFileSync(join(golden, name, 'golden.bin'));
    const { hiddenSize, embeddingScale = 1 } = file.config;
    for (const [row, token] of prompt.entries()) {
      for (let column = 0; column < hiddenSize; column += 1) {
        const value = element(bytes, location.type, token * hiddenSize + column);
        const expected = truth.readFloatLE(
          tensors.embedding.offset + 4 * (row * hiddenSize + column),
        );
        expect(Math.fround(value * Math.fround(embeddingScale))).toBe(expected);
      }
    }
  });

  const both = folders.filter(
    (name) =>
      existsSync(join(golden, name, 'model.gguf')) && existsSync(join(golden, name, 'config.json')),
  );
  it.each(both)(
    '%s has the same configuration as GGUF, but for what the format changes',
    async (name) => {
      const folder = await openModel(join(golden, name));
      const gguf = await openModel(join(golden, name, 'model.gguf'));
      const { normOffset, ...folderConfig } = folder.config;
      // The converter adds what Gemma's weights of norms lack.
      const isGemma = folder.config.architecture.startsWith('gemma');
      expect([normOffset, gguf.config.normOffset]).toEqual([isGemma ? 1 : undefined, undefined]);
      expect({
        ...gguf.config,
        // Without a tokenizer the metadata has no ids, and the other two are what conversion does.
        bosTokenId: folder.config.bosTokenId,
        eosTokenIds: folder.config.eosTokenIds,
        rope: { ...gguf.config.rope, mode: 'neox', scaling: null },
        rmsNormEpsilon: 0,
      }).toEqual({
        ...folderConfig,
        rope: { ...folder.config.rope, scaling: null },
        rmsNormEpsilon: 0,
      });
      expect(gguf.config.rmsNormEpsilon).toBe(Math.fround(folder.config.rmsNormEpsilon));
      const isPermuted = ['llama', 'mixtral'].includes(gguf.config.architecture);
      expect(gguf.config.rope.mode).toBe(isPermuted ? 'norm' : 'neox');
      if (folder.config.rope.scaling.kind === 'llama3') {
        expect(gguf.config.rope.scaling).toMatchObject({ kind: 'factors' });
      } else if (folder.config.rope.scaling.kind === 'longrope') {
        // GGUF stores the factors as f32.
        const { shortFactors, longFactors, attentionFactor } = folder.config.rope.scaling;
        expect(gguf.config.rope.scaling).toEqual({
          ...folder.config.rope.scaling,
          shortFactors: shortFactors.map(Math.fround),
          longFactors: longFactors.map(Math.fround),
          attentionFactor: Math.fround(attentionFactor),
        });
      } else {
        expect(gguf.config.rope.scaling).toEqual(folder.config.rope.scaling);
      }
      const unchanged =
        /^(token_embd|blk\.[12]\.(ffn_(down|up|up_exps|down_exps)|attn_(v|qkv)))\.weight$/;
      const names = [...folder.tensors.keys()].filter((tensor) => unchanged.test(tensor));
      expect(names.length).toBeGreaterThan(4);
      for (const tensor of names) {
        const [a, b] = [folder.tensors.get(tensor), gguf.tensors.get(tensor)];
        if (a === undefined || b === undefined) throw new Error(`no ${tensor}`);
        expect(Buffer.from(await readTensor(a)).equals(await readTensor(b))).toBe(true);
      }
    },
  );
});

function element(bytes: Uint8Array, type: string, index: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  if (type === 'f32') return view.getFloat32(index * 4, true);
  const half = view.getUint16(index * 2, true);
  if (type === 'bf16') {
    const wide = new DataView(new ArrayBuffer(4));
    wide.setUint16(2, half, true);
    return wide.getFloat32(0, true);
  }
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

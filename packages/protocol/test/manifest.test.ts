import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  hashManifest,
  isSkeinError,
  limits,
  type ModelConfig,
  type ModelHash,
  type ModelManifest,
  parseManifest,
  serializeManifest,
} from '../src/index.js';
import { expectError } from './support/expect-error.js';

const config: ModelConfig = {
  architecture: 'llama',
  blockCount: 2,
  hiddenSize: 64,
  headCount: 4,
  kvHeadCount: 2,
  headDim: 16,
  feedForwardSize: 128,
  vocabSize: 256,
  contextLength: 512,
  rmsNormEpsilon: 1e-5,
  rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } },
  slidingWindow: null,
  tiedEmbeddings: true,
  qkvBias: false,
  attentionOutputBias: false,
  feedForwardBias: false,
  qkNorm: false,
  bosTokenId: 1,
  eosTokenIds: [2],
};

const manifest: ModelManifest = {
  version: 1,
  name: 'tiny',
  config,
  tensors: [
    { name: 'token_embd.weight', type: 'f16', shape: [256, 64], digest: 'ab'.repeat(32) },
    { name: 'blk.0.attn_q.weight', type: 'q8_0', shape: [64, 64], digest: 'cd'.repeat(32) },
  ],
  tokenizerDigest: 'ef'.repeat(32),
  chatTemplateDigest: null,
};
const hash = hashManifest(manifest);

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** Parses a manifest with changes, under the hash that it then has. */
function parseChanged(changes: object): ModelManifest {
  const changed = { ...manifest, ...changes };
  return parseManifest(jsonBytes(changed), hashManifest(changed));
}

const withConfig = (changes: object) => ({ config: { ...config, ...changes } });
const withScaling = (scaling: object) =>
  withConfig({ rope: { ...config.rope, scaling } as ModelConfig['rope'] });
const tensor = manifest.tensors[0];

describe('hashManifest', () => {
  it('is pinned: a change breaks every swarm', () => {
    expect(hash).toBe('f55b450e5d10bf3ddff2fd10078ec99e5350f1d98cd06bd4fd3d61b3ded39d7d');
  });

  it('depends neither on the name, nor on the order of fields or tensors', () => {
    const { config: _config, ...rest } = manifest;
    const turned = { config: Object.fromEntries(Object.entries(config).reverse()), ...rest };
    expect(hashManifest(turned as unknown as ModelManifest)).toBe(hash);
    expect(hashManifest({ ...manifest, name: 'other' })).toBe(hash);
    expect(hashManifest({ ...manifest, tensors: [...manifest.tensors].reverse() })).toBe(hash);
  });

  it('depends on everything else', () => {
    const changed = [
      withConfig({ ropeTheta: 1 }),
      withConfig({ eosTokenIds: [] }),
      { tensors: manifest.tensors.slice(1) },
      { chatTemplateDigest: '00'.repeat(32) },
    ].map((changes) => hashManifest({ ...manifest, ...changes }));
    expect(new Set([hash, ...changed]).size).toBe(5);
  });
});

describe('parseManifest', () => {
  it('reads what serializeManifest writes, in any order and spacing', () => {
    expect(parseManifest(serializeManifest(manifest), hash)).toEqual(manifest);
    const spaced = new TextEncoder().encode(JSON.stringify(manifest, null, 4));
    expect(parseManifest(spaced, hash)).toEqual(manifest);
  });

  it.each([
    [
      'llama3',
      {
        kind: 'llama3',
        factor: 8,
        lowFreqFactor: 1,
        highFreqFactor: 4,
        originalContextLength: 8192,
      },
    ],
    [
      'yarn',
      {
        kind: 'yarn',
        factor: 4,
        originalContextLength: 32,
        betaFast: 32,
        betaSlow: 1,
        attentionFactor: 1.1,
      },
    ],
    ['factors', { kind: 'factors', factors: new Array(8).fill(1) }],
    ['linear', { kind: 'linear', factor: 2 }],
  ])('reads the scaling %s', (_name, scaling) => {
    expect(parseChanged(withScaling(scaling)).config.rope.scaling).toEqual(scaling);
  });

  it('refuses a manifest of another model', () => {
    const error = expectError(
      () => parseManifest(serializeManifest(manifest), '0'.repeat(64) as ModelHash),
      'bad-message',
    );
    expect(error.message).toContain(hash);
  });

  it.each<[string, object]>([
    ['too many blocks', withConfig({ blockCount: 1025 })],
    ['no blocks', withConfig({ blockCount: 0 })],
    ['a huge hidden size', withConfig({ hiddenSize: 2 ** 31 })],
    ['a huge vocabulary', withConfig({ vocabSize: 2 ** 31 })],
    ['a fraction', withConfig({ headCount: 1.5 })],
    ['heads that do not divide', withConfig({ kvHeadCount: 3 })],
    ['an odd head', withConfig({ headDim: 15 })],
    ['a token outside the vocabulary', withConfig({ bosTokenId: 256 })],
    ['an end token outside the vocabulary', withConfig({ eosTokenIds: [2, 256] })],
    ['a theta of 0', withConfig({ rope: { ...config.rope, theta: 0 } })],
    ['a text for a number', withConfig({ hiddenSize: '64' })],
    ['an architecture that is no name', withConfig({ architecture: 'Mamba 2' })],
    ['an unknown field of the config', withConfig({ surprise: 1 })],
    ['a scaling without a factor', withScaling({ kind: 'linear' })],
    ['too few factors', withScaling({ kind: 'factors', factors: [1] })],
    ['a factor of 0', withScaling({ kind: 'factors', factors: new Array(8).fill(0) })],
    ['an unknown field', { surprise: 1 }],
    ['another version', { version: 2 }],
    ['a digest of wrong form', { tokenizerDigest: 'AB'.repeat(32) }],
    ['a tensor twice', { tensors: [tensor, tensor] }],
    ['a tensor without dimensions', { tensors: [{ ...tensor, shape: [] }] }],
    ['a tensor of a negative dimension', { tensors: [{ ...tensor, shape: [-1] }] }],
    ['a tensor of unknown type', { tensors: [{ ...tensor, type: 'q9' }] }],
    ['a name that rewrites the terminal', { name: '\u001b]0;x\u0007' }],
  ])('refuses %s, although the hash is right', (_name, changes) => {
    expectError(() => parseChanged(changes), 'bad-message');
  });

  it('refuses what is no JSON, no UTF-8, no object, or too large', () => {
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(0xff),
      jsonBytes(null),
      jsonBytes([manifest]),
      new TextEncoder().encode('['.repeat(1_000_000)),
      new TextEncoder().encode(`{"__proto__":{},${JSON.stringify(manifest).slice(1)}`),
      new Uint8Array(limits.manifestBytesMax + 1),
    ]) {
      expectError(() => parseManifest(bytes, hash), 'bad-message');
    }
  });

  it('gives a typed error, or the same manifest, when any bytes change', () => {
    const bytes = serializeManifest(manifest);
    fc.assert(
      fc.property(fc.nat(bytes.byteLength - 1), fc.nat(255), (offset, byte) => {
        const changed = bytes.slice();
        changed[offset] = byte;
        try {
          // Only the name is outside of the hash.
          expect(hashManifest(parseManifest(changed, hash))).toBe(hash);
        } catch (error) {
          expect(isSkeinError(error)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSkeinError } from '@skein/protocol';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openModel } from '../../src/model/index.js';
import {
  temporaryFolder,
  tinyMetadata,
  tinyTensors,
  writeFolder,
  writeTinyGguf,
} from './support/model-folders.js';

const MiB = 1024 * 1024;
const memoryBytesMax = 64 * MiB;
const root = temporaryFolder();
const ggufPath = join(root, 'sound.gguf');
const folder = join(root, 'folder');
const shardedFolder = join(root, 'sharded');

beforeAll(async () => {
  await writeTinyGguf(ggufPath, {
    metadata: tinyMetadata({
      'tokenizer.ggml.model': { type: 'string', value: 'llama' },
      'tokenizer.ggml.tokens': {
        type: 'array',
        of: 'string',
        value: ['<unk>', '<s>', '</s>', 'a', 'b', 'ab', '<0x00>'],
      },
      'tokenizer.ggml.scores': { type: 'array', of: 'float32', value: [0, 0, 0, -1, -2, -3, 0] },
      'tokenizer.ggml.token_type': { type: 'array', of: 'int32', value: [2, 3, 3, 1, 1, 1, 6] },
      'tokenizer.ggml.bos_token_id': { type: 'uint32', value: 1 },
      'tokenizer.chat_template': { type: 'string', value: '{{ messages }}' },
      'llama.rope.scaling.factor': { type: 'float32', value: 2 },
    }),
  });
  const texts = {
    'tokenizer_config.json': '{"chat_template":"x"}',
    'generation_config.json': '{"eos_token_id":[2,3]}',
  };
  await writeFolder(folder, { texts });
  await writeFolder(shardedFolder, { texts });
  renameSync(join(shardedFolder, 'model.safetensors'), join(shardedFolder, 'a.safetensors'));
  const weight_map = Object.fromEntries(tinyTensors().map(({ name }) => [name, 'a.safetensors']));
  writeFileSync(
    join(shardedFolder, 'model.safetensors.index.json'),
    JSON.stringify({ weight_map }),
  );
});

/** Opens, and lets through only what is promised: a model, or an error that names its reason. */
async function openHostile(path: string): Promise<void> {
  try {
    await openModel(path);
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    expect(['model-corrupt', 'model-unsupported', 'model-unknown']).toContain(error.code);
    expect(error.message).toContain(root);
  }
}

/** The most memory in buffers that was in use at any turn of the event loop during `action`. */
async function peakBufferBytes(action: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().arrayBuffers;
  let peak = before;
  let isRunning = true;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage().arrayBuffers);
    if (isRunning) setImmediate(sample);
  };
  sample();
  await action().finally(() => {
    isRunning = false;
  });
  return peak - before;
}

interface Damage {
  readonly kind: 'set' | 'insert' | 'cut';
  /** Where, as a share of the part that is damaged. */
  readonly place: number;
  readonly bytes: Uint8Array;
}

const damage: fc.Arbitrary<Damage> = fc.record({
  kind: fc.constantFrom<Damage['kind']>('set', 'set', 'set', 'insert', 'cut'),
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  bytes: fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 9 }),
    // Lengths and counts that overflow one type or another.
    fc.constantFrom(
      ...[0n, 1n, 0xffffffffn, 2n ** 31n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n].map(
        (value) => new Uint8Array(BigUint64Array.of(value).buffer),
      ),
    ),
    fc.constantFrom(
      ...['{', '}', '[', '"', ',', '-1', '1e999', 'null', '\\', '99999999999'].map((text) =>
        Buffer.from(text),
      ),
    ),
  ),
});

/** Damages the first `headerBytes` of a file: errors in weights show in no header. */
function applyDamage(sound: Buffer, damages: readonly Damage[], headerBytes: number): Buffer {
  let bytes = Buffer.from(sound);
  for (const { kind, place, bytes: patch } of damages) {
    const at = Math.floor(place * Math.min(headerBytes, bytes.length));
    if (kind === 'cut') bytes = bytes.subarray(0, at);
    else if (kind === 'set') bytes.set(patch.subarray(0, Math.max(0, bytes.length - at)), at);
    else bytes = Buffer.concat([bytes.subarray(0, at), patch, bytes.subarray(at)]);
  }
  return bytes;
}

const runs = { numRuns: 400, seed: 20_261_101 };
const damages = fc.array(damage, { minLength: 1, maxLength: 3 });

describe('a damaged file', () => {
  it('is a model or an error with a reason: GGUF', async () => {
    const sound = readFileSync(ggufPath);
    const path = join(root, 'damaged.gguf');
    const peak = await peakBufferBytes(() =>
      fc.assert(
        fc.asyncProperty(damages, async (list) => {
          writeFileSync(path, applyDamage(sound, list, 2048));
          await openHostile(path);
        }),
        { ...runs, numRuns: 1000 },
      ),
    );
    expect(peak).toBeLessThan(memoryBytesMax);
  });

  const cases: [string, string][] = [
    [folder, 'config.json'],
    [folder, 'model.safetensors'],
    [folder, 'generation_config.json'],
    [folder, 'tokenizer_config.json'],
    [shardedFolder, 'model.safetensors.index.json'],
  ];
  it.each(cases)('is a model or an error with a reason: %s %s', async (where, name) => {
    const path = join(where, name);
    const sound = readFileSync(path);
    try {
      const peak = await peakBufferBytes(() =>
        fc.assert(
          fc.asyncProperty(damages, async (list) => {
            writeFileSync(path, applyDamage(sound, list, 3000));
            await openHostile(where);
          }),
          runs,
        ),
      );
      expect(peak).toBeLessThan(memoryBytesMax);
    } finally {
      writeFileSync(path, sound);
    }
  });

  it('is an error at every length that is not the whole', async () => {
    const path = join(root, 'cut.gguf');
    const sound = readFileSync(ggufPath);
    for (let length = 0; length < sound.length; length += length < 2500 ? 7 : 997) {
      writeFileSync(path, sound.subarray(0, length));
      await expect(openModel(path)).rejects.toMatchObject({ code: 'model-corrupt' });
    }
  });

  it('is a model or an error with any value in any field of config.json', async () => {
    const path = join(folder, 'config.json');
    const sound = readFileSync(path, 'utf8');
    const keys = [
      ...Object.keys(JSON.parse(sound)),
      'rope_scaling',
      'rope_parameters',
      'head_dim',
      'sliding_window',
      'layer_types',
      'rope_theta',
      'attention_bias',
      'partial_rotary_factor',
    ];
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.dictionary(
        fc.constantFrom('rope_type', 'factor', 'rope_theta', 'beta_fast'),
        fc.oneof(fc.double(), fc.constantFrom('yarn', 'linear')),
      ),
    );
    try {
      await fc.assert(
        fc.asyncProperty(fc.constantFrom(...keys), value, async (key, changed) => {
          writeFileSync(path, JSON.stringify({ ...JSON.parse(sound), [key]: changed }));
          await openHostile(folder);
        }),
        runs,
      );
    } finally {
      writeFileSync(path, sound);
    }
  });
});

import { createHash } from 'node:crypto';
import { cpSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashManifest, type ModelManifest } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import {
  buildManifest,
  type ModelFile,
  openModel,
  probeTensors,
  readTensor,
  type TensorLocation,
} from '../../src/model/index.js';
import { expectModelError } from './support/expect-model-error.js';
import {
  freshPaths,
  temporaryFolder,
  tinyConfig,
  tinyTensors,
  writeFolder,
} from './support/model-folders.js';

const root = temporaryFolder();
const freshFolder = freshPaths(root);
const manifestOf = async (folder: string) => buildManifest(await openModel(folder), 'tiny');

/** The definition, in the plainest words. */
function digest(bytes: Buffer): string {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  const middle = Math.floor(bytes.length / 2 / 4096) * 4096;
  const probe =
    bytes.length <= 12 * 1024
      ? [bytes]
      : [bytes.subarray(0, 4096), bytes.subarray(middle, middle + 4096), bytes.subarray(-4096)];
  return createHash('sha256')
    .update(Buffer.concat([length, ...probe]))
    .digest('hex');
}

describe('the digest of a tensor', () => {
  it.each([1, 100, 12_287, 12_288, 12_289, 12_300, 16_384, 65_537, 1_000_003])(
    'follows the definition for %i bytes',
    async (byteLength) => {
      const path = join(root, `bytes-${byteLength}`);
      const bytes = Buffer.from(
        Array.from({ length: byteLength }, (_, index) => (index * 31) % 251),
      );
      writeFileSync(path, Buffer.concat([Buffer.alloc(13), bytes]));
      const tensor = {
        name: 't',
        type: 'f32',
        shape: [1],
        byteLength,
        ranges: [{ file: path, offset: 13, byteLength }],
      } as const;
      const file = { tensors: new Map([['t', tensor]]) } as unknown as ModelFile;
      expect(await probeTensors(file)).toEqual([
        { name: 't', type: 'f32', shape: [1], digest: digest(bytes) },
      ]);
    },
  );
});

describe('a manifest', () => {
  it('describes the model', async () => {
    const texts = { 'tokenizer.json': '{"ö":1}', 'chat_template.jinja': '{{ x }}' };
    const folder = await writeFolder(freshFolder(), { texts });
    const file = await openModel(folder);
    const manifest = await buildManifest(file, 'tiny');
    expect(manifest).toMatchObject({ version: 1, name: 'tiny', config: file.config });
    expect(manifest.tensors.map(({ name }) => name)).toEqual([...file.tensors.keys()]);
    expect(manifest.tokenizerDigest).toBe(createHash('sha256').update('{"ö":1}').digest('hex'));
    expect(manifest.chatTemplateDigest).toBe(createHash('sha256').update('{{ x }}').digest('hex'));
  });

  it('is the same for a copy with other key order, other irrelevant keys and a redundant head', async () => {
    const tied = { tie_word_embeddings: true };
    const original = await writeFolder(freshFolder(), { config: tinyConfig(tied) });
    const copy = freshFolder();
    cpSync(original, copy, { recursive: true });
    const reversed = Object.fromEntries(Object.entries(tinyConfig(tied)).reverse());
    writeFileSync(join(copy, 'config.json'), JSON.stringify({ use_cache: false, ...reversed }));
    const file = await openModel(original);
    // The same tensors without the head, in another order and in shards.
    const bare = freshFolder();
    const named = tinyTensors().slice(0, -1);
    const offsetOf = ({ ranges }: TensorLocation) => ranges[0]?.offset ?? fail();
    const places = [...file.tensors.values()].sort((a, b) => offsetOf(a) - offsetOf(b));
    const tensors = await Promise.all(
      named.map(async (tensor, index) => ({
        ...tensor,
        bytes: await readTensor(places[index] ?? fail()),
      })),
    );
    const weight_map: Record<string, string> = {};
    for (const [shard, part] of [tensors.slice(7).reverse(), tensors.slice(0, 7)].entries()) {
      await writeFolder(bare, { config: tinyConfig(tied), tensors: part });
      renameSync(join(bare, 'model.safetensors'), join(bare, `${shard}.safetensors`));
      for (const { name } of part) weight_map[name] = `${shard}.safetensors`;
    }
    writeFileSync(join(bare, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    const hash = hashManifest(await manifestOf(original));
    expect(hashManifest(await manifestOf(copy))).toBe(hash);
    expect(hashManifest(await manifestOf(bare))).toBe(hash);
  });

  it('is another for other weights, another configuration or another tokenizer', async () => {
    const hashes = new Set<string>();
    const add = (manifest: ModelManifest) => hashes.add(hashManifest(manifest));
    const folder = await writeFolder(freshFolder());
    add(await manifestOf(folder));
    add(await manifestOf(await writeFolder(freshFolder())));
    writeFileSync(join(folder, 'config.json'), JSON.stringify(tinyConfig({ rope_theta: 20_000 })));
    add(await manifestOf(folder));
    writeFileSync(join(folder, 'tokenizer.json'), '{}');
    add(await manifestOf(folder));
    expect(hashes.size).toBe(4);
  });

  it('needs a name of a length that people can read', async () => {
    const file = await openModel(await writeFolder(freshFolder()));
    await expectModelError(buildManifest(file, ''), 'bad-argument', '1 to 96');
    await expectModelError(buildManifest(file, 'x'.repeat(97)), 'bad-argument', 'not 97');
  });

  it('stops when it is aborted', async () => {
    const file = await openModel(await writeFolder(freshFolder()));
    await expectModelError(buildManifest(file, 'x', { signal: AbortSignal.abort() }), 'aborted');
  });
});

describe('readTensor', () => {
  it('fills the memory that it is given', async () => {
    const file = await openModel(await writeFolder(freshFolder()));
    const location = file.tensors.get('blk.0.attn_q.weight') ?? fail();
    const target = new Uint8Array(location.byteLength);
    expect(await readTensor(location, target)).toBe(target);
    expect(target).toEqual(await readTensor(location));
    await expectModelError(readTensor(location, new Uint8Array(3)), 'bad-argument', 'not 3');
  });

  it('notices a file that has become shorter or is gone', async () => {
    const folder = await writeFolder(freshFolder());
    const location = (await openModel(folder)).tensors.get('output.weight') ?? fail();
    const [range = fail()] = location.ranges;
    truncateSync(range.file, range.offset + range.byteLength - 1);
    await expectModelError(readTensor(location), 'model-corrupt', 'cut short', range.file);
    await expectModelError(
      readTensor({ ...location, ranges: [{ ...range, file: join(root, 'gone') }] }),
      'model-corrupt',
      'gone',
    );
    await expectModelError(
      readTensor(location, undefined, { signal: AbortSignal.abort() }),
      'aborted',
    );
  });
});

function fail(): never {
  throw new Error('the test is wrong');
}

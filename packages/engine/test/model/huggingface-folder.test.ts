import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openModel, readTensor } from '../../src/model/index.js';
import { expectModelError } from './support/expect-model-error.js';
import {
  freshPaths,
  temporaryFolder,
  tinyConfig,
  tinyTensors,
  writeFolder,
  writeTinyGguf,
} from './support/model-folders.js';

const root = temporaryFolder();
const freshFolder = freshPaths(root);

describe('a folder', () => {
  it('opens with canonical names', async () => {
    const folder = await writeFolder(freshFolder());
    const file = await openModel(folder);
    expect(file).toMatchObject({
      path: folder,
      format: 'safetensors',
      tokenizerJson: null,
      chatTemplate: null,
    });
    expect(file.tensors.get('blk.1.attn_output.weight')).toMatchObject({
      type: 'f32',
      shape: [32, 32],
    });
    expect(file.tensors.size).toBe(tinyTensors().length);
  });

  it('gives each tensor its own bytes', async () => {
    const bytes = Uint8Array.from({ length: 32 * 4 }, (_, index) => index);
    const tensors = tinyTensors().map((tensor) =>
      tensor.name === 'model.layers.1.input_layernorm.weight' ? { ...tensor, bytes } : tensor,
    );
    const file = await openModel(await writeFolder(freshFolder(), { tensors }));
    const location = file.tensors.get('blk.1.attn_norm.weight');
    expect(location && (await readTensor(location))).toEqual(bytes);
  });

  it('leaves out what is redundant: a tied head, and tables that follow from the configuration', async () => {
    const tables = { name: 'model.layers.0.self_attn.rotary_emb.inv_freq', shape: [4] };
    const folder = await writeFolder(freshFolder(), {
      config: tinyConfig({ tie_word_embeddings: true }),
      tensors: [...tinyTensors(), tables],
    });
    const { tensors } = await openModel(folder);
    expect(tensors.has('output.weight')).toBe(false);
    expect(tensors.size).toBe(tinyTensors().length - 1);
  });

  it('opens a single GGUF file that lies in it, the original config.json or not', async () => {
    const folder = freshFolder();
    mkdirSync(folder);
    await writeTinyGguf(join(folder, 'q.gguf'));
    writeFileSync(join(folder, 'config.json'), '{}');
    expect(await openModel(folder)).toMatchObject({ format: 'gguf', path: join(folder, 'q.gguf') });
  });
});

describe('text files', () => {
  const open = async (texts: Record<string, string>) =>
    openModel(await writeFolder(freshFolder(), { texts }));

  it('reads the tokenizer as it is', async () => {
    expect((await open({ 'tokenizer.json': '{ "version":"1.0" }\n' })).tokenizerJson).toBe(
      '{ "version":"1.0" }\n',
    );
  });

  it.each<[string, Record<string, string>, string | null]>([
    [
      'text in tokenizer_config.json',
      { 'tokenizer_config.json': '{"chat_template":"{{ x }}"}' },
      '{{ x }}',
    ],
    [
      'the default of several',
      {
        'tokenizer_config.json':
          '{"chat_template":[{"name":"rag","template":"r"},{"name":"default","template":"d"}]}',
      },
      'd',
    ],
    [
      'several without a default',
      { 'tokenizer_config.json': '{"chat_template":[{"name":"rag","template":"r"}]}' },
      null,
    ],
    [
      'a file of its own first',
      { 'chat_template.jinja': 'j', 'tokenizer_config.json': '{"chat_template":"t"}' },
      'j',
    ],
    ['none', { 'tokenizer_config.json': '{}' }, null],
  ])('reads the chat template: %s', async (_name, texts, template) => {
    expect((await open(texts)).chatTemplate).toBe(template);
  });

  it.each<[string, Record<string, string>, string]>([
    [
      'a chat template over the limit',
      { 'chat_template.jinja': 'x'.repeat(300_000) },
      'chat_template.jinja',
    ],
    [
      'one over the limit in the other file',
      { 'tokenizer_config.json': JSON.stringify({ chat_template: 'x'.repeat(300_000) }) },
      'chat template',
    ],
    ['broken JSON', { 'generation_config.json': '{"eos_token_id":' }, 'generation_config.json'],
    ['a key given twice', { 'generation_config.json': '{"a":1,"a":2}' }, 'comes twice'],
    ['a list for an object', { 'generation_config.json': '[]' }, 'not an object'],
  ])('refuses %s', async (_name, texts, part) => {
    await expectModelError(open(texts), 'model-corrupt', part);
  });

  it('refuses text that is not UTF-8', async () => {
    const folder = await writeFolder(freshFolder());
    writeFileSync(join(folder, 'tokenizer.json'), Buffer.of(0x7b, 0xff, 0x7d));
    await expectModelError(openModel(folder), 'model-corrupt', 'tokenizer.json', 'UTF-8');
  });
});

describe('shards', () => {
  async function shardedFolder(
    change: (index: { weight_map: Record<string, string> }) => void = () => {},
  ) {
    const folder = freshFolder();
    const tensors = tinyTensors();
    const weight_map: Record<string, string> = {};
    for (const [shard, part] of [tensors.slice(0, 9), tensors.slice(9)].entries()) {
      const name = `model-0000${shard + 1}-of-00002.safetensors`;
      await writeFolder(folder, { tensors: part });
      renameSync(join(folder, 'model.safetensors'), join(folder, name));
      for (const tensor of part) weight_map[tensor.name] = name;
    }
    const index = { metadata: {}, weight_map };
    change(index);
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
    return folder;
  }

  it('open as one model', async () => {
    const { tensors } = await openModel(await shardedFolder());
    const files = [...tensors.values()].flatMap(({ ranges }) => ranges.map(({ file }) => file));
    expect(new Set(files).size).toBe(2);
    expect(tensors.size).toBe(tinyTensors().length);
  });

  it('name the missing shard', async () => {
    const folder = await shardedFolder();
    rmSync(join(folder, 'model-00002-of-00002.safetensors'));
    await expectModelError(
      openModel(folder),
      'model-corrupt',
      'model-00002-of-00002.safetensors',
      '1 of 2 shards are missing',
    );
  });

  it('stay in the folder', async () => {
    for (const name of [
      '../secret.safetensors',
      '/etc/x.safetensors',
      'a\\b.safetensors',
      'passwd',
    ]) {
      const folder = await shardedFolder(
        ({ weight_map }) => (weight_map['model.norm.weight'] = name),
      );
      await expectModelError(openModel(folder), 'model-corrupt', 'index.json', 'model.norm.weight');
    }
  });

  it('hold what the index says', async () => {
    const moved = await shardedFolder(({ weight_map }) => {
      weight_map['model.norm.weight'] = 'model-00001-of-00002.safetensors';
    });
    await expectModelError(openModel(moved), 'model-corrupt', 'the index does not list');
    const unlisted = await shardedFolder(
      ({ weight_map }) => delete weight_map['model.norm.weight'],
    );
    await expectModelError(openModel(unlisted), 'model-corrupt', 'the index does not list');
  });

  it('need a weight_map', async () => {
    const folder = await shardedFolder((index) => Object.assign(index, { weight_map: [] }));
    await expectModelError(openModel(folder), 'model-corrupt', 'weight_map');
  });
});

describe('what is not a whole model', () => {
  const without = (name: string) => tinyTensors().filter((tensor) => tensor.name !== name);

  it('names the missing tensor', async () => {
    const folder = await writeFolder(freshFolder(), {
      tensors: without('model.layers.1.mlp.up_proj.weight'),
    });
    await expectModelError(
      openModel(folder),
      'model-corrupt',
      'blk.1.ffn_up.weight is missing',
      folder,
    );
  });

  it('names a tensor of the wrong shape', async () => {
    const tensors = [...without('model.norm.weight'), { name: 'model.norm.weight', shape: [16] }];
    const folder = await writeFolder(freshFolder(), { tensors });
    await expectModelError(openModel(folder), 'model-corrupt', 'model.norm.weight', '[16]', '[32]');
  });

  it.each([
    'model.layers.0.self_attn.q_proj.bias',
    'model.layers.2.input_layernorm.weight',
    'lm_head.bias',
    'visual.x',
  ])('refuses a tensor that the configuration has no use for: %s', async (name) => {
    const folder = await writeFolder(freshFolder(), {
      tensors: [...tinyTensors(), { name, shape: [32] }],
    });
    await expectModelError(openModel(folder), 'model-unsupported', name);
  });

  it.each([
    ['pytorch_model.bin', 'model-unsupported', 'pickled'],
    ['x.txt', 'model-corrupt', 'has neither'],
  ] as const)('refuses a folder with %s for weights', async (name, code, part) => {
    const folder = await writeFolder(freshFolder(), { texts: { [name]: '' } });
    rmSync(join(folder, 'model.safetensors'));
    await expectModelError(openModel(folder), code, part);
  });

  it.each([
    ['an empty folder', {}, 'model-unknown', 'neither config.json nor'],
    ["a maker's own format", { 'params.json': '{}' }, 'model-unsupported', 'own format'],
    ['several GGUF files', { 'a.gguf': '', 'b.gguf': '' }, 'model-unknown', 'a.gguf, b.gguf'],
  ] as const)('explains %s', async (_name, texts, code, part) => {
    const folder = freshFolder();
    mkdirSync(folder);
    for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
    await expectModelError(openModel(folder), code, part, folder);
  });

  it('says when nothing is there', async () => {
    await expectModelError(
      openModel(join(root, 'nowhere')),
      'model-unknown',
      'nowhere',
      'Check the path',
    );
  });

  it('does not wait for a device', async () => {
    await expectModelError(openModel('/dev/zero'), 'model-corrupt', 'not a regular file');
  });

  it('stops when it is aborted', async () => {
    const folder = await writeFolder(freshFolder());
    await expectModelError(openModel(folder, { signal: AbortSignal.abort() }), 'aborted');
  });
});

import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openModel, probeTensors, readTensor } from '../../src/model/index.js';
import { readGolden } from '../support/golden.js';
import { expectModelError } from './support/expect-model-error.js';
import {
  type ConfigJson,
  freshPaths,
  type TestTensor,
  temporaryFolder,
  tinyConfig,
  tinyTensors,
  writeFolder,
} from './support/model-folders.js';

const freshFolder = freshPaths(temporaryFolder());
const { folder, gguf } = readGolden('mixtral-f32');

const expertName = (block: number, expert: number, part: string) =>
  `model.layers.${block}.block_sparse_moe.experts.${expert}.${part}.weight`;

/** The tiny Llama with three experts in the place of each feed-forward layer. */
function mixtralTensors(): TestTensor[] {
  const dense = tinyTensors().filter(({ name }) => !name.includes('.mlp.'));
  const routers = [0, 1].map((block) => ({
    name: `model.layers.${block}.block_sparse_moe.gate.weight`,
    shape: [3, 32],
  }));
  const experts = [0, 1].flatMap((block) =>
    [0, 1, 2].flatMap((expert) => [
      { name: expertName(block, expert, 'w1'), shape: [48, 32] },
      { name: expertName(block, expert, 'w3'), shape: [48, 32] },
      { name: expertName(block, expert, 'w2'), shape: [32, 48] },
    ]),
  );
  return [...dense, ...routers, ...experts];
}

const mixtralConfig = (overrides: ConfigJson = {}) =>
  tinyConfig({
    model_type: 'mixtral',
    architectures: ['MixtralForCausalLM'],
    num_local_experts: 3,
    num_experts_per_tok: 2,
    ...overrides,
  });

const open = async (tensors: TestTensor[], config = mixtralConfig()) =>
  openModel(await writeFolder(freshFolder(), { config, tensors }));

describe("the experts' matrices", () => {
  it('are one tensor, wherever they lie', async () => {
    const [apart, together] = [await openModel(folder), await openModel(gguf as string)];
    for (const part of ['gate', 'up', 'down']) {
      const name = `blk.1.ffn_${part}_exps.weight`;
      const [inFolder, inGguf] = [apart.tensors.get(name), together.tensors.get(name)];
      if (inFolder === undefined || inGguf === undefined) throw new Error(`no ${name}`);
      expect(inFolder.shape).toEqual([4, 32, 32]);
      expect(inFolder.ranges).toHaveLength(4);
      expect(inGguf.ranges).toHaveLength(1);
      expect(Buffer.from(await readTensor(inFolder)).equals(await readTensor(inGguf))).toBe(true);
    }
  });

  it('have the same digest, wherever they lie', async () => {
    const digests = async (path: string) =>
      new Map(
        (await probeTensors(await openModel(path))).map(({ name, digest }) => [name, digest]),
      );
    const [apart, together] = [await digests(folder), await digests(gguf as string)];
    for (const [name, digest] of apart) {
      if (name.includes('_exps')) expect(together.get(name)).toBe(digest);
    }
  });

  it('have another digest when a single expert is another', async () => {
    const copy = freshFolder();
    cpSync(folder, copy, { recursive: true });
    const file = await openModel(copy);
    const before = await probeTensors(file);
    const name = 'blk.2.ffn_up_exps.weight';
    const range = file.tensors.get(name)?.ranges[1];
    if (range === undefined) throw new Error('no second expert');
    const bytes = readFileSync(range.file);
    const middle = range.offset + range.byteLength / 2;
    bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
    writeFileSync(range.file, bytes);
    const changed = (await probeTensors(file)).filter(
      ({ digest }, index) => digest !== before[index]?.digest,
    );
    expect(changed.map((tensor) => tensor.name)).toEqual([name]);
  });

  it('are refused when one is missing, differs, or is of a model with fewer', async () => {
    const tensors = mixtralTensors();
    await open(tensors);
    const without = tensors.filter(({ name }) => name !== expertName(1, 1, 'w2'));
    await expectModelError(open(without), 'model-corrupt', 'blk.1.ffn_down_exps.weight lacks');
    const odd = tensors.map((tensor) =>
      tensor.name === expertName(0, 2, 'w1') ? { ...tensor, shape: [32, 48] } : tensor,
    );
    await expectModelError(open(odd), 'model-corrupt', expertName(0, 2, 'w1'));
    const fewer = mixtralConfig({ num_local_experts: 2 });
    await expectModelError(open(tensors, fewer), 'model-corrupt', 'the configuration demands [2,');
    const far = [...tensors, { name: expertName(0, 5000, 'w1'), shape: [48, 32] }];
    await expectModelError(open(far), 'model-corrupt', '1024 experts');
    const shared = [
      ...tensors,
      { name: 'model.layers.0.block_sparse_moe.experts.0.w4.weight', shape: [48, 32] },
    ];
    await expectModelError(open(shared), 'model-unsupported', 'experts.0.w4');
  });

  it.each<[string, ConfigJson, string]>([
    ['no count', { num_local_experts: undefined }, 'num_local_experts is missing'],
    ['more used than there are', { num_experts_per_tok: 4 }, 'num_experts_per_tok is 4'],
    ['more than the limit', { num_local_experts: 2000 }, 'num_local_experts is 2000'],
  ])('are refused with %s', async (_name, overrides, part) => {
    await expectModelError(open(mixtralTensors(), mixtralConfig(overrides)), 'model-corrupt', part);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What transformers computed for a tiny model; see test/fixtures/golden/README.md. */
export interface Golden {
  readonly name: string;
  /** Folder with config.json and safetensors. */
  readonly folder: string;
  /** The same model as GGUF; null where there is none. */
  readonly gguf: string | null;
  readonly isFolderModel: boolean;
  readonly prompt: Int32Array;
  readonly greedy: readonly number[];
  readonly blockCount: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  /** `[tokens, hiddenSize]`: what enters block 0. */
  readonly embedding: Float32Array;
  /** `[tokens, hiddenSize]` after each block. */
  readonly hidden: readonly Float32Array[];
  /** `[tokens, vocabSize]` */
  readonly logits: Float32Array;
  /** `[vocabSize]` for each greedy token. */
  readonly greedyLogits: readonly Float32Array[];
}

const root = fileURLToPath(new URL('../../../../test/fixtures/golden/', import.meta.url));

interface Description {
  readonly prompt: number[];
  readonly greedy: number[];
  readonly tensors: Record<string, { offset: number; shape: number[] }>;
}

/** All golden models, those with a Hugging Face folder first. */
export function goldenModels(): Golden[] {
  const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.map(({ name }) => readGolden(name));
}

export function readGolden(name: string): Golden {
  const folder = `${root}${name}`;
  const files = readdirSync(folder);
  const description = JSON.parse(readFileSync(`${folder}/golden.json`, 'utf8')) as Description;
  const data = new Uint8Array(readFileSync(`${folder}/golden.bin`));
  const take = (tensor: string) => {
    const { offset, shape } = description.tensors[tensor] as { offset: number; shape: number[] };
    const count = shape.reduce((product, size) => product * size, 1);
    return { values: new Float32Array(data.slice(offset, offset + 4 * count).buffer), shape };
  };
  const hidden = take('hidden');
  const [blockCount, , hiddenSize] = hidden.shape as [number, number, number];
  const logits = take('logits');
  const vocabSize = logits.shape[1] as number;
  return {
    name,
    folder,
    gguf: files.includes('model.gguf') ? `${folder}/model.gguf` : null,
    isFolderModel: files.includes('config.json'),
    prompt: Int32Array.from(description.prompt),
    greedy: description.greedy,
    blockCount,
    hiddenSize,
    vocabSize,
    embedding: take('embedding').values,
    hidden: splitRows(hidden.values, blockCount),
    logits: logits.values,
    greedyLogits: splitRows(take('greedyLogits').values, description.greedy.length),
  };
}

function splitRows(values: Float32Array, count: number): Float32Array[] {
  const size = values.length / count;
  return Array.from({ length: count }, (_, index) =>
    values.subarray(index * size, (index + 1) * size),
  );
}

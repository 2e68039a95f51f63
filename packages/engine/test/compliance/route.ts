import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import {
  bytesOf,
  decodeHidden,
  type Engine,
  type EngineOptions,
  type HiddenType,
  type SessionId,
  type SessionUse,
  type StepItem,
  type StepOutput,
} from '@skein/protocol';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenF32,
  type ItemInput,
  openSession,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { seededRandom } from '../support/numbers.js';

interface Model {
  readonly options: EngineOptions;
  readonly blockCount: number;
}

/** A golden model, or `tiny-tales`, as a swarm would host it. */
export function cutModel(name: string): Model {
  return name === 'tiny-tales' ? tinyTales() : ofGolden(name);
}

function ofGolden(name: string): Model {
  const golden = readGolden(name);
  const options = exactOptions(golden, { weightType: 'keep', kvType: 'f16' });
  return { options, blockCount: golden.blockCount };
}

/** The model that the repository ships: blocks that were trained, not drawn. */
function tinyTales(): Model {
  const modelPath = fileURLToPath(new URL('../../../../models/tiny-tales', import.meta.url));
  const like = ofGolden('llama-8block-f32');
  return { ...like, options: { ...like.options, modelPath } };
}

export const wholeOutputs = (type: HiddenType): StepItem['output'][] => [
  fullLogits('all'),
  fullLogits('last'),
  hiddenF32,
  { kind: 'hidden', type },
];

export function tokenChunks(engine: Engine, rows: readonly number[]): Int32Array[] {
  const random = seededRandom(7);
  const { vocabSize } = engine.info.config;
  return rows.map((count) =>
    Int32Array.from({ length: count }, () => Math.floor(random() * vocabSize)),
  );
}

export interface RouteRun {
  /** What travels between the hops. */
  readonly type: HiddenType;
  readonly chunks: readonly Int32Array[];
  /** Of the last hop. */
  readonly output: StepItem['output'];
}

interface Hop {
  readonly engine: Engine;
  readonly session: SessionId;
}

export function openHop(engine: Engine, use: SessionUse, residualType: HiddenType): Hop {
  const { span, ends } = use;
  return { engine, session: openSession(engine, { span, ends, residualType }) };
}

/** Runs the steps through sessions of one engine that share its blocks, cut at `cuts`. */
export async function runRoute(
  engine: Engine,
  cuts: readonly number[],
  run: RouteRun & { readonly residualType?: HiddenType },
): Promise<string[]> {
  const { blockCount } = engine.info.config;
  const bounds = [0, ...cuts, blockCount];
  const hops = bounds.slice(1).map((end, index) => {
    const start = bounds[index] as number;
    const ends = { embedding: start === 0, head: end === blockCount };
    return openHop(engine, { span: { start, end }, ends }, run.residualType ?? run.type);
  });
  const outputs = await runHops(hops, run);
  for (const { session } of hops) engine.closeSession(session);
  return outputs;
}

/** Runs the steps from hop to hop. @returns a digest of the bits of each step's output */
export async function runHops(hops: readonly Hop[], route: RouteRun): Promise<string[]> {
  const { type, chunks } = route;
  const outputs: string[] = [];
  for (const chunk of chunks) {
    let input: ItemInput = chunk;
    for (const [index, { engine, session }] of hops.entries()) {
      const isLast = index + 1 === hops.length;
      const wanted = isLast ? route.output : ({ kind: 'hidden', type } as const);
      const output = await run(engine, createItem(engine, session, input, wanted));
      if (isLast) outputs.push(digestOf(output));
      else if (output.kind === 'hidden') input = output;
      else throw new Error(output.kind);
    }
  }
  return outputs;
}

/** All bits of an output, short enough to read in a failed comparison. */
function digestOf(output: StepOutput): string {
  const hash = createHash('sha256');
  if (output.kind === 'hidden') hash.update(output.bytes);
  if (output.kind === 'logits') {
    const { logits, logNormalisers } = output.logits;
    hash.update(bytesOf(logits)).update(bytesOf(logNormalisers));
  }
  return `${output.kind} ${hash.digest('hex')}`;
}

export function numbersOf(output: StepOutput): Float32Array {
  if (output.kind === 'logits') return output.logits.logits;
  if (output.kind === 'none') throw new Error('no numbers');
  const { type, bytes } = output;
  return decodeHidden({ type, shape: [bytes.length / (type === 'f32' ? 4 : 2)], bytes });
}

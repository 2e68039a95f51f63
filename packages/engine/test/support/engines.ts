import {
  createSessionId,
  type Engine,
  type EngineOptions,
  type HiddenType,
  type Logits,
  type SessionId,
  type SessionUse,
  type StepItem,
  type StepOutcome,
  type StepOutput,
} from '@skein/protocol';
import { createInProcessEngine } from '../../src/create-in-process-engine.js';
import type { Golden } from './golden.js';

/** Options for a whole golden model in f32: what the exact comparisons want. */
export function exactOptions(golden: Golden, changes: Partial<EngineOptions> = {}): EngineOptions {
  return {
    modelPath: golden.isFolderModel ? golden.folder : (golden.gguf as string),
    span: { start: 0, end: golden.blockCount },
    ends: { embedding: true, head: true },
    weightType: 'f32',
    device: 'cpu',
    // The tests run beside each other; two threads would only wait for one another.
    threads: 1,
    kvType: 'f32',
    kvTokensMax: 2048,
    ...changes,
  };
}

/** Loads an engine into this process, lends it to `use` and stops it. */
export async function withEngine<Result>(
  options: EngineOptions,
  use: (engine: Engine) => Promise<Result>,
): Promise<Result> {
  const engine = await createInProcessEngine(options);
  try {
    return await use(engine);
  } finally {
    await engine.stop();
  }
}

/** Opens a session on all that the engine has, or on the part that is named. */
export function openSession(engine: Engine, use: SessionUse = engine.info): SessionId {
  const session = createSessionId();
  engine.openSession(session, use);
  return session;
}

export type ItemInput = Int32Array | { readonly type: HiddenType; readonly bytes: Uint8Array };

/** An item of a step; rows follow from the input, the position from the session. */
export function createItem(
  engine: Engine,
  session: SessionId,
  input: ItemInput,
  output: StepItem['output'],
): StepItem {
  const isTokens = input instanceof Int32Array;
  const elementBytes = !isTokens && input.type === 'f32' ? 4 : 2;
  const rows = isTokens
    ? input.length
    : input.bytes.length / elementBytes / engine.info.config.hiddenSize;
  return {
    session,
    position: engine.length(session),
    rows,
    input: isTokens ? { kind: 'tokens', tokens: input } : { kind: 'hidden', ...input },
    output,
  };
}

/** Hidden rows as an input. */
export function hiddenInput(values: Float32Array): ItemInput {
  const { buffer, byteOffset, byteLength } = values;
  return { type: 'f32', bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

/** Runs one item and returns its output. */
export async function run(engine: Engine, item: StepItem): Promise<StepOutput> {
  const { outcomes } = await engine.step([item]);
  return outputOf(outcomes[0]);
}

export function outputOf(outcome: StepOutcome | undefined): StepOutput {
  if (outcome?.ok !== true) throw outcome?.error ?? new Error('no outcome');
  return outcome.output;
}

/** Hidden f32 rows of an output. */
export function hiddenOf(output: StepOutput): Float32Array {
  if (output.kind !== 'hidden' || output.type !== 'f32') throw new Error(`output ${output.kind}`);
  return new Float32Array(output.bytes.slice().buffer);
}

export function logitsOf(output: StepOutput): Logits {
  if (output.kind !== 'logits') throw new Error(`output is ${output.kind}`);
  return output.logits;
}

export const fullLogits = (rows: 'last' | 'all') => ({ kind: 'logits', rows, topK: 0 }) as const;
export const hiddenF32 = { kind: 'hidden', type: 'f32' } as const;
export const noOutput = { kind: 'none' } as const;

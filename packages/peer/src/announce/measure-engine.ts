import { createSessionId, type Engine, type StepItem, spanLength } from '@skein/protocol';
import type { Throughput } from './throughput.js';

/** Rows of the prefill step that is measured. */
const prefillRows = 64;
/** Single-token steps that are measured at most. */
const decodeStepsMax = 16;
/** The measurement ends after the step that passes this. */
const budgetMs = 700;

/** Measures the engine with a session of its own: a warm-up, one prefill step, then decoding. */
export async function measureEngine(engine: Engine): Promise<Throughput> {
  const { span, kvTokensMax, config } = engine.info;
  const session = createSessionId();
  const blocks = spanLength(span);
  const tokensMax = Math.min(kvTokensMax, config.contextLength);
  const rows = Math.max(1, Math.min(prefillRows, Math.floor(tokensMax / 2)));
  engine.openSession(session, { span, ends: { embedding: false, head: false } });
  const startedAtMs = performance.now();
  let position = 0;
  const step = async (count: number): Promise<number> => {
    const input = randomRows(count, config.hiddenSize);
    const item: StepItem = { session, position, rows: count, input, output: { kind: 'none' } };
    const { outcomes, computeUs } = await engine.step([item]);
    const [outcome] = outcomes;
    if (outcome?.ok === false) throw outcome.error;
    position += count;
    return Math.max(computeUs, 1);
  };
  try {
    // The first step pays for what is allocated once.
    await step(1);
    const prefillUs = await step(rows);
    let decodeUs = Number.POSITIVE_INFINITY;
    for (let count = 0; count < decodeStepsMax && position < tokensMax; count++) {
      // The fastest of some: other programs only ever add to the time.
      decodeUs = Math.min(decodeUs, await step(1));
      if (performance.now() - startedAtMs > budgetMs) break;
    }
    const perBlock = blocks * 1e6;
    return {
      decodeBlocksPerSecond: perBlock / (Number.isFinite(decodeUs) ? decodeUs : prefillUs),
      prefillBlockRowsPerSecond: (perBlock * rows) / prefillUs,
    };
  } finally {
    engine.closeSession(session);
  }
}

/** Rows of the size that hidden states have; their values do not matter. */
function randomRows(rows: number, hiddenSize: number): StepItem['input'] {
  const values = new Float32Array(rows * hiddenSize);
  for (let index = 0; index < values.length; index++) values[index] = Math.sin(index) / 2;
  return { kind: 'hidden', type: 'f32', bytes: new Uint8Array(values.buffer) };
}

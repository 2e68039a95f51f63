// The child process runs compiled code, so this takes the package as its users do.
import { createEngine } from '@skein/engine';
import { type EngineName, engineNames, type KvType } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { exactOptions } from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { fuzzEngine } from './fuzz-engine.js';

/** What is fuzzed, and how long. */
interface Case {
  readonly engine: EngineName;
  readonly model: string;
  readonly kvType: KvType;
  readonly seed: number;
  readonly calls: number;
}

const seed = Number(process.env.SKEIN_PROPERTY_SEED ?? 1);
const callsWanted = process.env.SKEIN_FUZZ_CALLS;

/** Short runs; the second one's seed once led ggml to a segmentation fault. */
const shortCases: readonly Case[] = [
  { engine: 'ggml', model: 'llama2-f32', kvType: 'f16', seed, calls: 2_000 },
  { engine: 'ggml', model: 'qwen3-qknorm-f32', kvType: 'q8_0', seed: seed + 77, calls: 4_000 },
  { engine: 'tfjs', model: 'llama2-f32', kvType: 'f16', seed, calls: 600 },
];

/** The run that `pnpm fuzz --engine ggml --calls 1000000` asks for. */
function longCases(calls: number): readonly Case[] {
  const only = process.env.SKEIN_FUZZ_ENGINE;
  const model = process.env.SKEIN_FUZZ_MODEL ?? 'llama2-f32';
  const kvType = (process.env.SKEIN_FUZZ_KV ?? 'f16') as KvType;
  const engines = engineNames.filter((name) => only === undefined || name === only);
  return engines.map((engine) => ({ engine, model, kvType, seed, calls }));
}

const isLong = callsWanted !== undefined;
const timeout = isLong ? 24 * 3_600_000 : 120_000;

describe.each(isLong ? longCases(Number(callsWanted)) : shortCases)(
  'random calls of $engine on $model with a cache in $kvType',
  ({ engine, model, kvType, calls, seed: ownSeed }) => {
    it('break nothing, and leave nothing', { timeout }, async () => {
      const options = exactOptions(readGolden(model), { engine, kvType, kvTokensMax: 400 });
      const subject = await createEngine(options);
      try {
        const report = await fuzzEngine(subject, { seed: ownSeed, calls });
        if (isLong) console.log(JSON.stringify({ engine, model, kvType, seed, ...report }));
        // It was not all refused, and not all accepted.
        expect(report.outcomes.ok).toBeGreaterThan(calls / 4);
        expect(report.outcomes['bad-argument']).toBeGreaterThan(calls / 20);
      } finally {
        await subject.stop();
      }
    });
  },
);

// The child process runs compiled code, so this takes the package as its users do.
import { createEngine } from '@skein/engine';
import { type EngineName, engineNames, type KvType } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { exactOptions } from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { fuzzEngine } from './fuzz-engine.js';

/** `pnpm fuzz --engine ggml --calls 1000000` sets these. */
const seed = Number(process.env.SKEIN_PROPERTY_SEED ?? 1);
const callsWanted = process.env.SKEIN_FUZZ_CALLS;
const only = process.env.SKEIN_FUZZ_ENGINE;
const model = process.env.SKEIN_FUZZ_MODEL ?? 'llama2-f32';
const kvType = (process.env.SKEIN_FUZZ_KV ?? 'f16') as KvType;

const callsByDefault: Readonly<Record<EngineName, number>> = { ggml: 4_000, tfjs: 800 };
const timeoutMs = callsWanted === undefined ? 120_000 : 24 * 3_600_000;

describe.each(engineNames.filter((name) => only === undefined || name === only))(
  'random calls of %s',
  (engine) => {
    it('break nothing, and leave nothing', { timeout: timeoutMs }, async () => {
      const options = exactOptions(readGolden(model), {
        engine,
        kvType,
        kvTokensMax: 400,
      });
      const subject = await createEngine(options);
      try {
        const calls = Number(callsWanted ?? callsByDefault[engine]);
        const report = await fuzzEngine(subject, { seed, calls });
        if (callsWanted !== undefined)
          console.log(JSON.stringify({ engine, model, kvType, seed, ...report }));
        // It was not all refused, and not all accepted.
        expect(report.outcomes.ok).toBeGreaterThan(calls / 4);
        expect(report.outcomes['bad-argument']).toBeGreaterThan(calls / 20);
      } finally {
        await subject.stop();
      }
    });
  },
);

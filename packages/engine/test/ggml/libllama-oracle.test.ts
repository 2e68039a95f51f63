import type { EngineOptions } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
import { loadGgml } from '../../src/ggml/load-ggml.js';
import { Libllama } from '../../src/oracle/libllama.js';
import {
  createItem,
  exactOptions,
  fullLogits,
  logitsOf,
  openSession,
  run,
  withEngine,
} from '../support/engines.js';
import { goldenModels } from '../support/golden.js';
import { argmax, relativeError } from '../support/numbers.js';

const defaultTolerance = 1e-3;

/**
 * Where llama.cpp computes in another way. It looks Gemma's activation up in a table of f16. Its
 * rotation by long factors differs from ours in the last bits, which a cache in f16 magnifies: both
 * are then off the reference by 1e-2, and by 1e-5 with a cache in f32.
 */
const tolerances: Readonly<Record<string, number>> = {
  'gemma2-f32': 5e-3,
  'gemma3-f32': 5e-3,
  'phi4-longrope-f32': 1.5e-2,
};

/** llama.cpp switches the window of Phi-3 off, and rounds the ends of GPT-OSS's ramp of YaRN. */
const incomparable = ['phi3-window-f32', 'gptoss-mxfp4-gguf'];

const [libraries] = findLibraries('cpu') as [GgmlLibraries];
// The packages for macOS and Windows are of an older version, with other structures.
const isVersionKnown = process.platform === 'linux';
const models = goldenModels().filter(
  ({ name, gguf }) => gguf !== null && !incomparable.includes(name),
);
// With an f32 cache llama.cpp computes attention in another way, and the last bit that differs then
// decides how an activation is rounded to 8 or 16 bits: only F32 models can be compared.
const cases = models.flatMap((golden) => [
  [golden.name, 'f16', golden] as const,
  ...(golden.name.endsWith('f32') ? [[golden.name, 'f32', golden] as const] : []),
]);

describe.runIf(isVersionKnown)('the engine beside llama.cpp on the same file', () => {
  it.each(cases)('%s with an %s cache', async (name, kvType, golden) => {
    const tolerance = tolerances[name] ?? defaultTolerance;
    const path = golden.gguf as string;
    const options: EngineOptions = {
      ...exactOptions(golden),
      modelPath: path,
      weightType: 'keep',
      kvType,
    };
    const oracle = Libllama.load(await loadGgml(libraries), path, {
      threads: 1,
      contextLength: 256,
      kvType,
    });
    await withEngine(options, async (engine) => {
      const session = openSession(engine);
      const item = createItem(engine, session, golden.prompt, fullLogits('all'));
      const { logits } = logitsOf(await run(engine, item));
      const expected = oracle.decode(golden.prompt, { position: 0, logits: 'all' });
      expect(relativeError(logits, expected)).toBeLessThan(tolerance);
      for (const token of golden.greedy) {
        const tokens = Int32Array.of(token);
        const position = engine.length(session);
        const step = createItem(engine, session, tokens, fullLogits('last'));
        const found = logitsOf(await run(engine, step)).logits;
        const wanted = oracle.decode(tokens, { position, logits: 'last' });
        expect(relativeError(found, wanted)).toBeLessThan(tolerance);
        expect(argmax(found)).toBe(argmax(wanted));
      }
    });
    oracle.free();
  });
});

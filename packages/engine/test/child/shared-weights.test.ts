import { readFileSync } from 'node:fs';
// The child process runs compiled code, so these tests take the package as its users do.
import { createEngine } from '@skein/engine';
import type { Engine, EngineOptions } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { createItem, exactOptions, fullLogits, openSession, run } from '../support/engines.js';
import { readGolden } from '../support/golden.js';

/** What a process holds of a file in memory, in KiB. */
interface Mapping {
  readonly Rss: number;
  readonly Pss: number;
  readonly Shared_Clean: number;
  readonly Private_Dirty: number;
}

/** Sums what Linux tells of all mappings of a file. */
function mappingOf(pid: number | undefined, path: string): Mapping {
  const sums = { Rss: 0, Pss: 0, Shared_Clean: 0, Private_Dirty: 0 };
  let isWanted = false;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'utf8').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isWanted = line.endsWith(path);
    const [, field, number] = /^(\w+):\s+(\d+) kB$/.exec(line) ?? [];
    if (isWanted && field !== undefined && field in sums) {
      sums[field as keyof typeof sums] += Number(number);
    }
  }
  return sums;
}

const golden = readGolden('llama-q8_0-gguf');
const modelPath = golden.gguf as string;

/** Two engines in processes of their own, which have both read all of their weights. */
async function withTwo(
  changes: Partial<EngineOptions>,
  use: (pids: readonly (number | undefined)[]) => void,
): Promise<void> {
  const engines: Engine[] = [];
  try {
    for (let count = 0; count < 2; count += 1) {
      const engine = await createEngine(exactOptions(golden, { modelPath, ...changes }));
      engines.push(engine);
      await run(engine, createItem(engine, openSession(engine), golden.prompt, fullLogits('all')));
    }
    use(engines.map((engine) => (engine as Engine & { readonly pid?: number }).pid));
  } finally {
    for (const engine of engines) await engine.stop();
  }
}

describe.skipIf(process.platform !== 'linux')('weights that are used where they lie', () => {
  it('are in memory once, however many processes use them', async () => {
    await withTwo({ weightType: 'keep', sharesWeights: true }, (pids) => {
      for (const mapping of pids.map((pid) => mappingOf(pid, modelPath))) {
        // All matrices of the file, which has norms and a header as well.
        expect(mapping.Rss).toBeGreaterThan(100);
        expect(mapping.Pss).toBeLessThan(0.6 * mapping.Rss);
        expect(mapping.Shared_Clean).toBeGreaterThan(0.9 * mapping.Rss);
        expect(mapping.Private_Dirty).toBe(0);
      }
    });
  });
});

/**
 * `pnpm soak`: an engine at full load for as long as you like, to see whether its memory stays flat.
 * Linux and macOS: the resident memory of processes comes from `ps`.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createEngine } from '@skein/engine';
import { type Engine, type EngineName, engineNames } from '@skein/protocol';
import { fitLine } from './fit-line.js';
import { loadEngine } from './load-engine.js';
import { residentBytes } from './resident-bytes.js';

const { values } = parseArgs({
  options: {
    engine: { type: 'string', default: 'ggml' },
    model: { type: 'string' },
    minutes: { type: 'string', default: '30' },
    sessions: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const usage = `Usage: pnpm soak [--engine ${engineNames.join('|')}] [--model <folder or .gguf>] [--minutes 30] [--sessions 8] [--seed 1] [--json]

Sessions come and go without a pause: prompts, tokens, cuts, caches that move. Memory is sampled
every few seconds; the slope is that of the last two thirds. The end is 1 when it rises.`;

/** More than this is no noise of a heap that breathes. */
const slopeMibPerHourMax = 32;
const sampleMs = 5_000;

const minutes = Number(values.minutes);
const sessions = Number(values.sessions);
const isKnown = engineNames.includes(values.engine as EngineName);
if (values.help || !isKnown || !(minutes > 0) || !(sessions >= 1)) {
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}

const modelPath =
  values.model ??
  fileURLToPath(new URL('../../../test/fixtures/golden/llama2-f32', import.meta.url));
const engine = (await createEngine({
  engine: values.engine as EngineName,
  modelPath,
  span: { start: 0, end: await blockCountOf(modelPath) },
  ends: { embedding: true, head: true },
  weightType: 'keep',
  device: 'auto',
  kvType: 'f16',
  kvTokensMax: 4_096,
})) as Engine & { readonly pid: number };

interface Sample {
  readonly hours: number;
  readonly engineMib: number;
  readonly ownMib: number;
}

const samples: Sample[] = [];
const startedAt = performance.now();
let failure: Error | null = null;
engine.onFailure((event) => {
  if (event.kind !== 'restarted') failure ??= event.error;
});
const mib = (bytes: number) => bytes / 1024 ** 2;
const sample = () => {
  const hours = (performance.now() - startedAt) / 3_600_000;
  const own = process.memoryUsage.rss();
  samples.push({ hours, engineMib: mib(residentBytes(engine.pid)), ownMib: mib(own) });
  if (!values.json && samples.length % 12 === 0) {
    const last = samples.at(-1) as Sample;
    console.log(`${(60 * hours).toFixed(1)} min: engine ${last.engineMib.toFixed(1)} MiB`);
  }
};
const sampling = setInterval(sample, sampleMs);
const load = await loadEngine(engine, {
  sessions,
  seed: Number(values.seed),
  isOver: () => failure !== null || performance.now() - startedAt > 60_000 * minutes,
});
clearInterval(sampling);
sample();
const freeAtEnd = engine.kvTokensFree;
const { description, kvTokensMax } = engine.info;
await engine.stop();

const settled = samples.slice(Math.floor(samples.length / 3));
const slopeOf = (of: (each: Sample) => number) =>
  fitLine(settled.map((each) => ({ x: each.hours, y: of(each) }))).slope;
const result = {
  engine: description,
  minutes: (performance.now() - startedAt) / 60_000,
  ...load,
  samples: samples.length,
  engineMibFirst: samples[0]?.engineMib,
  engineMibLast: samples.at(-1)?.engineMib,
  engineMibPerHour: slopeOf(({ engineMib }) => engineMib),
  ownMibPerHour: slopeOf(({ ownMib }) => ownMib),
  leakedTokens: kvTokensMax - freeAtEnd,
  failure: failure === null ? null : String(failure),
};
if (values.json) console.log(JSON.stringify({ result, samples }));
else {
  for (const [name, value] of Object.entries(result)) {
    console.log(
      `  ${name.padEnd(18)} ${typeof value === 'number' ? Number(value.toFixed(2)) : value}`,
    );
  }
}
const isFlat = result.engineMibPerHour < slopeMibPerHourMax;
process.exit(failure === null && isFlat && result.leakedTokens === 0 ? 0 : 1);

async function blockCountOf(path: string): Promise<number> {
  const { openModel } = await import('@skein/engine');
  return (await openModel(path)).config.blockCount;
}

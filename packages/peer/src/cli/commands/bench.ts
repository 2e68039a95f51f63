import { writeFile } from 'node:fs/promises';
import { createSkeinNode } from '@skein/client/network';
import { createEngine, openModel } from '@skein/engine';
import {
  type Engine,
  type EngineName,
  type KvType,
  type Span,
  spanLength,
  type WeightType,
} from '@skein/protocol';
import {
  type BlockTiming,
  blockTokensPerSecond,
  measureBlocks,
} from '../../bench/measure-blocks.js';
import { measureMemory } from '../../bench/measure-memory.js';
import { measureRoundTrip } from '../../bench/measure-round-trip.js';
import type { DeviceSelection } from '../arguments.js';
import { interruption } from '../interruption.js';
import { findLocalModel } from '../model-reference.js';
import { createOutput, formatBytes, type Output, painter } from '../output.js';

export interface BenchOptions {
  readonly json: boolean;
  readonly model: string;
  readonly blocks?: Span;
  readonly engine: readonly EngineName[];
  readonly device: DeviceSelection;
  /** Bytes. */
  readonly deviceMemory?: number;
  readonly deviceBlocks?: number;
  readonly dtype: WeightType | 'keep';
  readonly kvType: KvType;
  readonly threads?: number;
  readonly rounds: number;
  readonly against?: readonly string[];
  readonly out?: string;
}

/** A line of the report; which fields there are depends on what was measured. */
type Row = Readonly<Record<string, string | number | boolean>> & { readonly what: string };

/** Tokens that the engines may cache: eight contexts of what is measured. */
const kvTokensMax = 2_048;

/** `skein bench`: what this machine gives a swarm, and how far some peers are. */
export async function runBench(options: BenchOptions): Promise<void> {
  const output = createOutput(options);
  const signal = interruption();
  const rows: Row[] = [];
  const report = (row: Row) => {
    rows.push(row);
    output.event({ event: 'result', ...row });
  };
  const bytesPerSecond = measureMemory();
  report({ what: 'memory', bytesPerSecond: Math.round(bytesPerSecond) });
  output.say(`  one thread copies ${formatBytes(bytesPerSecond)} a second\n`);
  await benchEngines(options, { output, signal, report });
  if (options.against !== undefined) {
    await benchPeers(options.against, { output, signal, report });
  }
  if (options.out !== undefined) {
    await writeFile(options.out, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    output.say(`\nWritten to ${options.out}.`);
  }
}

interface Reporting {
  readonly output: Output;
  readonly signal: AbortSignal;
  report(row: Row): void;
}

/** All engines in turns, so that a noisy machine is noisy for all; of each the fastest round. */
async function benchEngines(
  options: BenchOptions,
  { output, signal, report }: Reporting,
): Promise<void> {
  const model = await findLocalModel(options.model);
  const { config } = await openModel(model.path, { signal });
  const span = options.blocks ?? { start: 0, end: config.blockCount };
  const engines: Engine[] = [];
  try {
    for (const name of options.engine) engines.push(await load(name, model.path, span, options));
    const best = new Map<string, { engine: Engine; timing: BlockTiming }>();
    // The first round warms caches, and is not counted.
    for (let round = 0; round <= options.rounds && !signal.aborted; round++) {
      output.progress(`  round ${round} of ${options.rounds}…`);
      for (const [index, engine] of engines.entries()) {
        for (const timing of await measureBlocks(engine)) {
          const key = `${index} ${timing.what}`;
          const known = best.get(key);
          const isBetter = known === undefined || timing.elapsedMs < known.timing.elapsedMs;
          if (round > 0 && isBetter) best.set(key, { engine, timing });
        }
      }
    }
    for (const { engine, timing } of best.values()) report(describe(model.name, engine, timing));
    showEngines(best.values(), model.name, output);
  } finally {
    await Promise.all(engines.map((engine) => engine.stop()));
  }
}

async function load(
  engine: EngineName,
  modelPath: string,
  span: Span,
  { dtype, kvType, device, deviceMemory, deviceBlocks, threads }: BenchOptions,
): Promise<Engine> {
  return await createEngine({
    engine,
    modelPath,
    span,
    ends: { embedding: false, head: false },
    weightType: dtype,
    ...device,
    ...(deviceMemory === undefined ? {} : { deviceMemoryBytes: deviceMemory }),
    ...(deviceBlocks === undefined ? {} : { deviceBlocksMax: deviceBlocks }),
    kvType,
    kvTokensMax,
    ...(threads === undefined ? {} : { threads }),
  });
}

function describe(model: string, engine: Engine, timing: BlockTiming): Row {
  const { info } = engine;
  const perSecond = blockTokensPerSecond(engine, timing);
  return {
    what: timing.what,
    model,
    engine: info.description,
    device: info.device,
    weightType: info.weightType,
    kvType: info.kvType,
    threads: info.threads,
    blocks: spanLength(info.span),
    sessions: timing.sessions,
    tokens: timing.tokens,
    computeMs: rounded(timing.computeMs),
    elapsedMs: rounded(timing.elapsedMs),
    blockTokensPerSecond: rounded(perSecond),
    tokensPerSecond: rounded(perSecond / info.config.blockCount),
    weightBytes: info.weightBytes,
    weightBytesPerSecond: Math.round((1000 * info.weightBytes) / timing.elapsedMs),
  };
}

const labels: Readonly<Record<BlockTiming['what'], string>> = {
  prefill: 'prompt',
  decode: 'one session',
  'decode-together': 'eight sessions',
};

function showEngines(
  results: Iterable<{ engine: Engine; timing: BlockTiming }>,
  model: string,
  output: Output,
): void {
  const paint = painter(output.decorated);
  let shown: Engine | null = null;
  for (const { engine, timing } of results) {
    const { info } = engine;
    const blocks = spanLength(info.span);
    if (engine !== shown) {
      output.say(
        `${paint.bold(info.description)}  ${paint.dim(
          `${model}, ${blocks} of ${info.config.blockCount} blocks in ${info.weightType}, ` +
            `${formatBytes(info.weightBytes)}, ${info.threads} threads`,
        )}`,
      );
      shown = engine;
    }
    const perSecond = blockTokensPerSecond(engine, timing);
    const ofModel = perSecond / info.config.blockCount;
    const column = (value: number, unit: string) => `${value.toFixed(1).padStart(10)} ${unit}`;
    output.say(
      `  ${labels[timing.what].padEnd(15)}${column(ofModel, 'tokens/s')}` +
        `${column(perSecond, 'block-tokens/s')}${column(timing.elapsedMs, 'ms a step')}`,
    );
  }
}

async function benchPeers(
  addresses: readonly string[],
  { output, signal, report }: Reporting,
): Promise<void> {
  const node = await createSkeinNode({ listen: [], bootstrap: [], mode: 'client' });
  try {
    await node.start();
    output.say('');
    for (const address of addresses) {
      const { peer, engine, device, p50Ms, p99Ms } = await measureRoundTrip(node, address, {
        signal,
      });
      const times = { p50Ms: rounded(p50Ms), p99Ms: rounded(p99Ms) };
      report({ what: 'round-trip', peer, engine, device, ...times });
      output.say(
        `  ${peer.slice(-12)}  ${p50Ms.toFixed(2)} ms there and back at the median, ` +
          `${p99Ms.toFixed(2)} ms at the 99th percentile  (${engine})`,
      );
    }
  } finally {
    await node.stop();
  }
}

/** Three decimals: more is noise. */
function rounded(value: number): number {
  return Math.round(1000 * value) / 1000;
}

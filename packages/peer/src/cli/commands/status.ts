import { createClient, type SkeinClient, type SwarmStatus } from '@skein/client';
import { abortAfter, formatSpan } from '@skein/protocol';
import { drawBlockMap } from '../block-map.js';
import { interruption, untilAborted } from '../interruption.js';
import { modelNameOf } from '../model-reference.js';
import { createOutput, type Output, painter } from '../output.js';

export interface StatusOptions {
  readonly json: boolean;
  readonly model?: string;
  readonly bootstrap: readonly string[];
  readonly watch: boolean;
}

/** Time between two looks under `--watch`. */
const watchMs = 2_000;

/** `skein status`: who hosts what, and where the swarm is weak. */
export async function runStatus(options: StatusOptions): Promise<void> {
  const output = createOutput(options);
  const signal = interruption();
  const client = createClient({ bootstrap: options.bootstrap });
  try {
    await client.start();
    await look(client, options, output);
    while (options.watch && !signal.aborted) {
      await untilAborted(abortAfter(watchMs, signal));
      if (signal.aborted) break;
      if (output.decorated) process.stderr.write('\x1b[2J\x1b[H');
      await look(client, options, output);
    }
  } finally {
    await client.stop();
  }
}

async function look(client: SkeinClient, options: StatusOptions, output: Output): Promise<void> {
  const names =
    options.model === undefined
      ? (await client.models()).map(({ hash }) => hash)
      : [modelNameOf(options.model)];
  const models = await Promise.all(names.map((model) => client.status({ model })));
  for (const { model, ...status } of models) {
    const spans = status.peers.map(({ peer, span, nextSpan }) => ({ peer, ...span, nextSpan }));
    output.event({ event: 'status', modelHash: model, ...status, spans });
  }
  if (models.length === 0) output.say('No peer of this swarm hosts a model yet.');
  for (const model of models) showModel(model, output);
}

function showModel(model: SwarmStatus, output: Output): void {
  const paint = painter(output.decorated);
  const state = model.isComplete ? paint.green('complete') : paint.red('incomplete');
  output.say(`${paint.bold(model.name)}  ${state}: ${describe(model)}`);
  const rows = model.peers.map((peer) => ({
    name: peer.name || peer.peer.slice(-8),
    span: peer.span,
    remark: `${moveRemark(peer)}${paint.dim(
      `${peer.numericKind}  ${peer.sessions} sessions  ${peer.kvTokensFree} tokens free` +
        (peer.state === 'serving' ? '' : `  ${peer.state}`),
    )}`,
  }));
  for (const line of drawBlockMap(model.blockCount, rows)) output.say(`  ${line}`);
  output.say('');
}

/** Where a peer is about to go. */
function moveRemark({ nextSpan }: SwarmStatus['peers'][number]): string {
  return nextSpan === null ? '' : `→ ${formatSpan(nextSpan)}  `;
}

/** One sentence: what is missing, or the weakest block. */
function describe(model: SwarmStatus): string {
  const missing = [
    ...model.missingBlocks.map(({ start, end }) =>
      end - start === 1 ? `block ${start}` : `blocks ${start} to ${end - 1}`,
    ),
    ...(model.isEmbeddingHosted ? [] : ['the embedding']),
    ...(model.isHeadHosted ? [] : ['the head']),
  ];
  if (missing.length > 0) return `nobody hosts ${missing.join(', ')}`;
  const weakest = model.weakestBlock;
  if (weakest === null) return `${model.blockCount} blocks`;
  const hosts = weakest.peerCount === 1 ? '1 peer' : `${weakest.peerCount} peers`;
  return `all ${model.blockCount} blocks served; weakest is block ${weakest.block} with ${hosts}`;
}

import type { ProcessMetrics } from '@skein/client/observer';
import type { EngineName, KvType, Span, WeightType } from '@skein/protocol';
import { createPeer, type Peer } from '../../peer.js';
import type { PeerStatus } from '../../peer-options.js';
import type { DeviceSelection } from '../arguments.js';
import { interruption, untilAborted } from '../interruption.js';
import { findLocalModel } from '../model-reference.js';
import { createOutput, formatBytes, type Output, painter } from '../output.js';
import type { HttpAddress, PeerHttp } from '../peer-http.js';
import { showPeerEvent } from '../show-peer-event.js';

export interface PeerCommandOptions {
  readonly json: boolean;
  readonly model: string;
  readonly modelName?: string;
  readonly blocks?: Span;
  readonly numBlocks?: number;
  /** False by `--no-rebalance`. */
  readonly rebalance: boolean;
  /** Seconds. */
  readonly rebalanceInterval?: number;
  readonly bootstrap?: readonly string[];
  readonly listen?: readonly string[];
  readonly announce?: readonly string[];
  readonly identity?: string;
  readonly name?: string;
  readonly dtype: WeightType | 'keep';
  readonly kvType?: KvType;
  readonly kvTokens?: number;
  readonly engine: EngineName;
  readonly device: DeviceSelection;
  /** Bytes. */
  readonly deviceMemory?: number;
  readonly deviceBlocks?: number;
  readonly shareWeights?: boolean;
  readonly threads?: number;
  /** Seconds. */
  readonly drainTimeout?: number;
  readonly http?: HttpAddress;
  /** With `http`: a folder that keeps history. */
  readonly history?: string;
  readonly showAddresses: boolean;
  readonly page?: string;
}

const listenDefault = ['/ip4/0.0.0.0/tcp/0', '/ip4/0.0.0.0/tcp/0/ws'];

/** `skein peer`: hosts blocks until it is interrupted. */
export async function runPeer(options: PeerCommandOptions): Promise<void> {
  const output = createOutput(options);
  const signal = interruption();
  const model = await findLocalModel(options.model);
  const metrics = options.http === undefined ? undefined : await createMetrics();
  const peer = createPeer({
    modelPath: model.path,
    modelName: options.modelName ?? model.name,
    listen: options.listen ?? listenDefault,
    bootstrap: options.bootstrap ?? [],
    weightType: options.dtype,
    engine: options.engine,
    ...options.device,
    ...optional('deviceMemoryBytes', options.deviceMemory),
    ...optional('deviceBlocksMax', options.deviceBlocks),
    ...optional('sharesWeights', options.shareWeights),
    ...optional('announce', options.announce),
    ...optional('span', options.blocks),
    ...optional('numBlocks', options.numBlocks),
    ...optional('rebalanceMs', rebalanceMsOf(options)),
    ...optional('identityPath', options.identity),
    ...optional('name', options.name),
    ...optional('kvType', options.kvType),
    ...optional('kvTokensMax', options.kvTokens),
    ...optional('threads', options.threads),
    ...optional('drainTimeoutMs', milliseconds(options.drainTimeout)),
    ...optional('metrics', metrics?.libp2p),
    onEvent: (event) => showPeerEvent(event, output),
  });
  const http = await serveHttp(peer, { options, metrics, output });
  // A peer that is still loading is stopped too: `start` then rejects, and everything is freed.
  signal.addEventListener('abort', () => void peer.stop(), { once: true });
  try {
    const status = await peer.start();
    await http?.observe();
    output.event({ event: 'ready', ...status, http: http?.url ?? null });
    showReady(status, http?.url ?? null, output);
    await untilAborted(signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await peer.stop();
    await http?.stop();
  }
  output.event({ event: 'stopped' });
  output.say('Stopped.');
}

/** A peer without `--http` does not load what serves it. */
async function createMetrics(): Promise<ProcessMetrics> {
  const { ProcessMetrics } = await import('@skein/client/observer');
  return new ProcessMetrics();
}

async function serveHttp(
  peer: Peer,
  parts: {
    readonly options: PeerCommandOptions;
    readonly metrics: ProcessMetrics | undefined;
    readonly output: Output;
  },
): Promise<PeerHttp | null> {
  const { options, metrics, output } = parts;
  if (options.http === undefined || metrics === undefined) return null;
  const { startPeerHttp } = await import('../peer-http.js');
  return await startPeerHttp(peer, {
    address: options.http,
    metrics,
    showAddresses: options.showAddresses,
    ...optional('history', options.history),
    ...optional('page', options.page),
    onWarning: (message) => showPeerEvent({ type: 'warning', message }, output),
  });
}

/** Undefined leaves it to the peer, which does not move from blocks that it was told to host. */
function rebalanceMsOf(options: PeerCommandOptions): number | null | undefined {
  if (!options.rebalance) return null;
  return options.rebalanceInterval === undefined ? undefined : options.rebalanceInterval * 1000;
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(1000 * seconds);
}

function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [Name in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [Name in Key]: Value });
}

/** What a donor wants to know when the peer serves. */
function showReady(status: PeerStatus, http: string | null, output: Output): void {
  const paint = painter(output.decorated);
  const { model, span, ends } = status;
  const extras = [ends.embedding ? 'the embedding' : '', ends.head ? 'the head' : ''];
  const parts = extras.filter((part) => part !== '').join(' and ');
  const rows: [string, string][] = [
    ['peer', `${status.name}  ${paint.dim(status.peerId)}`],
    ['model', `${model.name}  ${paint.dim(model.hash.slice(0, 12))}`],
    [
      'blocks',
      `${span.start}:${span.end} of ${model.blockCount}${parts === '' ? '' : `, with ${parts}`}`,
    ],
    [
      'memory',
      `${formatBytes(status.weightBytes)} weights, cache for ${status.kvTokensMax} tokens`,
    ],
    ['numbers', `${status.numericKind} on ${status.device}`],
    [
      'speed',
      `${Math.round(status.decodeBlocksPerSecond)} blocks a second decoding, ` +
        `${Math.round(status.prefillBlockRowsPerSecond)} block-rows a second in prefill`,
    ],
    ...(http === null
      ? []
      : [['health', `${http}  ${http}/api/v1/peer  ${http}/metrics`] as [string, string]]),
  ];
  output.say('');
  for (const [label, value] of rows) output.say(`  ${paint.dim(label.padEnd(8))} ${value}`);
  output.say(`\n${paint.green('Ready.')} Others join, and clients connect, through:`);
  for (const address of status.multiaddrs) output.say(`  --bootstrap ${address}`);
  output.say(paint.dim('\nCtrl-C hands sessions over and says goodbye; twice stops at once.'));
  output.say(
    paint.dim('Peers see the activations that pass through them: this is no place for secrets.'),
  );
}

import { createObserver, type Observer } from '@skein/client/observer';
import { abortAfter } from '@skein/protocol';
import type { ModelState, PeerSummary, SwarmAnswer } from '@skein/protocol/http-api';
import { peerVersion } from '../../version.js';
import { interruption, untilAborted } from '../interruption.js';
import { createObserverNetwork } from '../join-as-observer.js';
import { modelNameOf } from '../model-reference.js';
import { createOutput, type Output, painter } from '../output.js';
import { showSwarm } from '../show-swarm.js';

export interface StatusOptions {
  readonly json: boolean;
  readonly model?: string;
  readonly bootstrap: readonly string[];
  readonly watch: boolean;
}

/** Time between two looks under `--watch`, and between the two that a rate takes. */
const watchMs = 2_000;
const rateMs = 1_000;
/** Who has not answered by then is shown as its record says. */
const answersMsMax = 5_000;

/** `skein status`: who hosts what, and where the swarm is weak. */
export async function runStatus(options: StatusOptions): Promise<void> {
  const output = createOutput(options);
  const signal = interruption();
  const { bootstrap } = options;
  const network = await createObserverNetwork(bootstrap);
  const { node, directory } = network;
  const kind = 'dashboard';
  const observer = createObserver({ node, directory, kind, version: peerVersion });
  try {
    await network.join();
    await observer.start({ waitMs: answersMsMax });
    // How fast tokens come takes two looks; where nobody generates, one says it all.
    if (observer.head().sessions > 0) await observer.askAgain({ afterMs: rateMs });
    look(observer, options, output);
    while (options.watch && !signal.aborted) {
      await untilAborted(abortAfter(watchMs, signal));
      if (signal.aborted) break;
      if (output.decorated) process.stderr.write('\x1b[2J\x1b[H');
      look(observer, options, output);
    }
  } finally {
    await observer.stop();
    await network.leave();
  }
}

function look(observer: Observer, options: StatusOptions, output: Output): void {
  const swarm = observer.swarm();
  const model = options.model === undefined ? undefined : modelNameOf(options.model);
  for (const state of swarm.modelStates) {
    if (model !== undefined && state.name !== model && state.hash !== model) continue;
    output.event({ event: 'status', ...describeModel(state, swarm) });
  }
  const columns = process.stderr.columns ?? 80;
  const paint = painter(output.decorated);
  const lines = showSwarm(swarm, { paint, columns, ...(model === undefined ? {} : { model }) });
  for (const line of lines) output.say(line);
}

/** The fields of a `status` event. */
function describeModel(state: ModelState, swarm: SwarmAnswer) {
  const { hash, name, blockCount, coverage, weakest, missing, ...rest } = state;
  const peers = swarm.peerSummaries.filter(({ model }) => model.hash === hash);
  const counted = ({ peers: peerCount, ...block }: (typeof coverage)[number]) => ({
    ...block,
    peerCount,
  });
  return {
    modelHash: hash,
    name,
    health: rest.health,
    headline: rest.headline,
    isComplete: rest.health !== 'broken',
    blockCount,
    coverage: coverage.map(counted),
    weakestBlock: weakest === null ? null : counted(weakest),
    missingBlocks: missing,
    isEmbeddingHosted: rest.isEmbeddingHosted,
    isHeadHosted: rest.isHeadHosted,
    sessions: rest.sessions,
    tokensPerSecond: rest.tokensPerSecond,
    peers: peers.map(describePeer),
    spans: peers.map(({ id: peer, span, nextSpan }) => ({ peer, ...span, nextSpan })),
  };
}

function describePeer(summary: PeerSummary) {
  const { id: peer, throughput, kv, model: _model, ...rest } = summary;
  const { decodeBlocksPerSecond } = throughput;
  return { peer, ...rest, decodeBlocksPerSecond, kvTokensFree: kv.freeTokens };
}

import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import {
  addSwarmMetrics,
  createObserver,
  createSwarmApp,
  isLoopbackHost,
  LevelHistoryStore,
  listenHttp,
  type Observer,
  ProcessMetrics,
} from '@skein/client/observer';
import envPaths from 'env-paths';
import { peerVersion } from '../../version.js';
import { findPage } from '../find-page.js';
import { interruption, untilAborted } from '../interruption.js';
import { createObserverNetwork } from '../join-as-observer.js';
import { createOutput, type Output, painter } from '../output.js';

export interface DashboardOptions {
  readonly json: boolean;
  readonly bootstrap: readonly string[];
  readonly host: string;
  readonly port: number;
  /** A folder; false by `--no-history`. */
  readonly history?: string | false;
  readonly showAddresses: boolean;
  readonly page?: string;
}

/** Of a swarm of a thousand peers that saves some 100 MiB, and costs little computing. */
const heapGrowingPercent = 25;
/** The page is served after so long, whoever has not answered yet. */
const firstRoundMsMax = 3_000;

/** `skein dashboard`: watches the swarm, and serves the page, until it is interrupted. */
export async function runDashboard(options: DashboardOptions): Promise<void> {
  // V8 would let garbage grow to the size of all that is in use. Read at each collection.
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  const output = createOutput(options);
  const signal = interruption();
  const { bootstrap, host } = options;
  const metrics = new ProcessMetrics();
  const page = await findPage('/', options.page);
  const network = await createObserverNetwork(bootstrap, { metrics: metrics.libp2p });
  const { node, directory } = network;
  const observer = createObserver({
    node,
    directory,
    kind: 'dashboard',
    version: peerVersion,
    bootstrap: () => bootstrap,
    showsAddresses: options.showAddresses,
    ...historyOf(options),
    onWarning: (message) => warn(message, output),
  });
  metrics.addTraffic(node);
  addSwarmMetrics(metrics.registry, () => observer);
  const app = createSwarmApp({
    observer: () => observer,
    page,
    pagePath: '/',
    isLocal: isLoopbackHost(host),
    metrics: () => metrics.expose(),
    more: { '/healthz': () => ({ status: 200, body: { status: 'ok' } }) },
  });
  try {
    await network.join();
    await observer.start({ waitMs: firstRoundMsMax });
    const listening = await listenHttp(app, { host, port: options.port, flag: '--port' });
    try {
      output.event({ event: 'ready', http: listening.url, page: page !== null });
      showReady(listening.url, page !== null, { observer, options, output });
      await untilAborted(signal);
    } finally {
      app.stop();
      await listening.stop();
    }
  } finally {
    await observer.stop();
    await network.leave();
  }
  output.event({ event: 'stopped' });
  output.say('Stopped.');
}

function historyOf({ history }: DashboardOptions) {
  if (history === false) return {};
  const folder = history ?? join(envPaths('skein', { suffix: '' }).data, 'history');
  return { store: new LevelHistoryStore(folder) };
}

function warn(message: string, output: Output): void {
  output.event({ event: 'warning', message });
  output.say(`${painter(output.decorated).yellow('Warning')} ${message}`);
}

/** What a person needs to look at it. */
function showReady(
  url: string,
  hasPage: boolean,
  shown: { observer: Observer; options: DashboardOptions; output: Output },
): void {
  const { observer, options, output } = shown;
  const paint = painter(output.decorated);
  const { headline, peers } = observer.head();
  const rows: [string, string][] = [
    ['page', hasPage ? paint.bold(url) : 'not built; the JSON has it all'],
    ['json', `${url}/api/v1/swarm`],
    ['metrics', `${url}/metrics`],
    ['swarm', `${headline} (${peers.serving} serving)`],
  ];
  output.say('');
  for (const [label, value] of rows) output.say(`  ${paint.dim(label.padEnd(8))} ${value}`);
  output.say(`\n${paint.green('Ready.')}`);
  if (isLoopbackHost(options.host)) return;
  output.say(paint.dim(`Everybody who reaches ${options.host} can read it.`));
}

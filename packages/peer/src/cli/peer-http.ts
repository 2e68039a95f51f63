import {
  addSwarmMetrics,
  createObserver,
  createSwarmApp,
  isLoopbackHost,
  LevelHistoryStore,
  listenHttp,
  type Observer,
  type ProcessMetrics,
} from '@skein/client/observer';
import { addPeerMetrics } from '../metrics/peer-metrics.js';
import type { Peer } from '../peer.js';
import { publishedAddresses } from '../published-addresses.js';
import { peerVersion } from '../version.js';
import { findPage } from './find-page.js';

/** Where `--http` listens. */
export interface HttpAddress {
  readonly host: string;
  readonly port: number;
}

export interface PeerHttpOptions {
  readonly address: HttpAddress;
  readonly metrics: ProcessMetrics;
  readonly page?: string;
  /** A folder that keeps history between runs. Default: memory only. */
  readonly history?: string;
  readonly showAddresses: boolean;
  onWarning(message: string): void;
}

/** A peer's own health, and what it sees of the swarm, over HTTP. */
export interface PeerHttp {
  readonly url: string;
  /** The peer is ready: begins to watch the swarm. */
  observe(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Serves a peer's health: `/healthz` answers 200 once the peer serves and 503 before, `/api/v1/peer`
 * tells what it hosts; beside them the page, the swarm as JSON, and metrics.
 *
 * @throws SkeinError `address-in-use`, `bad-configuration`
 */
export async function startPeerHttp(peer: Peer, options: PeerHttpOptions): Promise<PeerHttp> {
  const { address, metrics } = options;
  let observer: Observer | null = null;
  addPeerMetrics(metrics.registry, peer);
  addSwarmMetrics(metrics.registry, () => observer);
  const app = createSwarmApp({
    observer: () => observer,
    page: await findPage('/', options.page),
    pagePath: '/',
    isLocal: isLoopbackHost(address.host),
    metrics: () => metrics.expose(),
    more: {
      '/healthz': () => {
        const state = peer.status()?.state ?? 'joining';
        return { status: state === 'serving' ? 200 : 503, body: { state } };
      },
      '/api/v1/peer': () => {
        const status = peer.status();
        return { status: status === null ? 503 : 200, body: status ?? { state: 'joining' } };
      },
    },
  });
  const listening = await listenHttp(app, { ...address, flag: '--http' });
  return {
    url: listening.url,
    async observe() {
      observer = observerOf(peer, options);
      await observer?.start();
    },
    async stop() {
      app.stop();
      await listening.stop();
      await observer?.stop();
    },
  };
}

function observerOf(peer: Peer, options: PeerHttpOptions): Observer | null {
  const { network } = peer;
  if (network === null) return null;
  const { history, metrics, showAddresses, onWarning } = options;
  metrics.addTraffic(network.node);
  return createObserver({
    ...network,
    kind: 'peer',
    version: peerVersion,
    own: () => peer.fullStatus(),
    // Whoever reads it may join through this very peer.
    bootstrap: () => publishedAddresses(network.node.multiaddrs),
    showsAddresses: showAddresses,
    ...(history === undefined ? {} : { store: new LevelHistoryStore(history) }),
    onWarning,
  });
}

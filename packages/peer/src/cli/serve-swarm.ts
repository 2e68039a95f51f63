import type { Instrumentation } from '@skein/client';
import type { Gateway } from '@skein/client/gateway';
import {
  createDirectory,
  createSkeinNode,
  type Directory,
  type SkeinNode,
} from '@skein/client/network';
import {
  addSwarmMetrics,
  ClientMetrics,
  createObserver,
  createSwarmApp,
  isLoopbackHost,
  LevelHistoryStore,
  type Observer,
  ProcessMetrics,
  type SwarmApp,
} from '@skein/client/observer';
import { traceGenerations } from '@skein/client/telemetry';
import { peerVersion } from '../version.js';
import { findPage } from './find-page.js';

const dashboardPath = '/dashboard/';

export interface ServeSwarmOptions {
  readonly bootstrap: readonly string[];
  readonly host: string;
  /** Undefined: on where only this machine can read it. */
  readonly dashboard?: boolean;
  readonly history?: string;
  readonly showAddresses: boolean;
  readonly page?: string;
  onWarning(message: string): void;
}

/**
 * What stands beside a gateway: the page and its API under `/dashboard/` and `/api/v1/`, metrics of the
 * client, and traces. The gateway and the observer share one node.
 */
export class ServedSwarm {
  readonly node: SkeinNode;
  readonly directory: Directory;
  /** For the gateway's client. */
  readonly instrumentation: readonly Instrumentation[];
  readonly #metrics: ProcessMetrics;
  readonly #observer: Observer | null;
  readonly #app: SwarmApp | null;
  readonly #hasPage: boolean;

  private constructor(parts: {
    node: SkeinNode;
    directory: Directory;
    metrics: ProcessMetrics;
    observer: Observer | null;
    app: SwarmApp | null;
    hasPage: boolean;
  }) {
    this.node = parts.node;
    this.directory = parts.directory;
    this.#metrics = parts.metrics;
    this.#observer = parts.observer;
    this.#app = parts.app;
    this.#hasPage = parts.hasPage;
    const bans = { onBan: (...ban: Parameters<Observer['noteBan']>) => this.#noteBan(...ban) };
    this.instrumentation = [new ClientMetrics(this.#metrics.registry), bans, traceGenerations()];
  }

  /** Does no I/O but reading the page. */
  static async create(options: ServeSwarmOptions): Promise<ServedSwarm> {
    const { bootstrap, host } = options;
    const metrics = new ProcessMetrics();
    const node = await createSkeinNode({
      listen: [],
      bootstrap,
      mode: 'client',
      metrics: metrics.libp2p,
    });
    const directory = createDirectory({ node, bootstrap });
    metrics.addTraffic(node);
    const isShown = options.dashboard ?? isLoopbackHost(host);
    const observer = isShown ? observerOf({ node, directory }, options) : null;
    addSwarmMetrics(metrics.registry, () => observer);
    const page = isShown ? await findPage(dashboardPath, options.page) : null;
    const app = isShown
      ? createSwarmApp({
          observer: () => observer,
          page,
          pagePath: dashboardPath,
          isLocal: isLoopbackHost(host),
        })
      : null;
    const hasPage = page !== null;
    return new ServedSwarm({ node, directory, metrics, observer, app, hasPage });
  }

  /** Where all parts of the process count. */
  get registry(): ProcessMetrics['registry'] {
    return this.#metrics.registry;
  }

  get hasDashboard(): boolean {
    return this.#app !== null;
  }

  /** Null where there is no page: it was not built, or is not shown. */
  get dashboardPath(): string | null {
    return this.#hasPage ? dashboardPath : null;
  }

  /** Begins to listen to the swarm; the client connects. */
  async start(): Promise<void> {
    await this.node.start();
    await this.directory.start();
  }

  /** Begins to watch: after the client has joined. */
  async observe(): Promise<void> {
    await this.#observer?.start();
  }

  /** The gateway with what stands beside it. */
  beside(gateway: Gateway): Gateway {
    return {
      fetch: async (request) => {
        const { pathname } = new URL(request.url);
        if (this.#app?.has(pathname) === true) return await this.#app.fetch(request);
        return await gateway.fetch(request);
      },
      stop: async (options) => {
        this.#app?.stop();
        await gateway.stop(options);
      },
    };
  }

  async stop(): Promise<void> {
    await this.#observer?.stop();
    await this.directory.stop();
    await this.node.stop();
  }

  #noteBan(...ban: Parameters<Observer['noteBan']>): void {
    this.#observer?.noteBan(...ban);
  }
}

function observerOf(
  network: { readonly node: SkeinNode; readonly directory: Directory },
  options: ServeSwarmOptions,
): Observer {
  const { bootstrap, history, showAddresses, onWarning } = options;
  return createObserver({
    ...network,
    kind: 'serve',
    version: peerVersion,
    bootstrap: () => bootstrap,
    showsAddresses: showAddresses,
    ...(history === undefined ? {} : { store: new LevelHistoryStore(history) }),
    onWarning,
  });
}

/**
 * Watches a swarm, and tells how it is: over HTTP, as metrics, and to programs.
 *
 * ```ts
 * import { createDirectory, createSkeinNode } from '@skein/client/network';
 * import { createObserver, createSwarmApp, listenHttp } from '@skein/client/observer';
 *
 * const bootstrap = ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…'];
 * const node = await createSkeinNode({ listen: [], bootstrap, mode: 'client' });
 * const directory = createDirectory({ node, bootstrap });
 * await node.start();
 * await directory.start();
 * await directory.refresh({});
 * const observer = createObserver({ node, directory, kind: 'dashboard', version: '1.0.0' });
 * await observer.start();
 * console.log(observer.head().headline);
 *
 * const app = createSwarmApp({
 *   observer: () => observer, page: null, pagePath: '/', isLocal: true,
 * });
 * await listenHttp(app, { host: '127.0.0.1', port: 8090, flag: '--port' });
 * ```
 */
export type { HistoryStore } from './history/history-store.js';
export { LevelHistoryStore } from './history/level-history-store.js';
export { isLoopbackHost, type ListeningHttp, listenHttp } from './http/listen-http.js';
export {
  createSwarmApp,
  type ServedPage,
  type SwarmApp,
  type SwarmAppOptions,
} from './http/swarm-app.js';
export { ClientMetrics } from './metrics/client-metrics.js';
export { ProcessMetrics } from './metrics/process-metrics.js';
export { addSwarmMetrics } from './metrics/swarm-metrics.js';
export { createObserver, type Observer, type ObserverOptions } from './observer.js';

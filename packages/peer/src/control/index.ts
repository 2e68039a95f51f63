/**
 * What a peer answers observers, for programs that play peers.
 *
 * ```ts
 * const stop = await serveStatuses({
 *   node, clock, privateKey, wallClock: Date.now,
 *   describe: () => status,
 *   addressesOf: (peer) => directory.get(peer)?.body.multiaddrs ?? null,
 * });
 * ```
 */
export { type StatusesOptions, serveStatuses } from './serve-statuses.js';

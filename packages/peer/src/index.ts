/**
 * @module @skein/peer
 *
 * A peer of a Skein swarm: hosts a range of a model's blocks, announces it, and serves sessions.
 *
 * ```ts
 * const peer = createPeer({
 *   modelPath: 'models/tiny-tales',
 *   listen: ['/ip4/0.0.0.0/tcp/4001'],
 *   bootstrap: [],
 *   onEvent: (event) => console.log(event.type),
 * });
 * const { multiaddrs, span } = await peer.start();
 * await peer.stop();
 * ```
 */
export { createPeer, type Peer } from './peer.js';
export type { PeerEvent } from './peer-events.js';
export type { PeerOptions, PeerStatus } from './peer-options.js';
export * from './placement/index.js';

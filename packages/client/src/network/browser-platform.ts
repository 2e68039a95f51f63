import { noise } from '@chainsafe/libp2p-noise';
import { webSockets } from '@libp2p/websockets';
import type { Platform } from './platform.js';

/**
 * WebSockets, for browsers: they reach peers that listen on addresses with `/ws` or `/wss`. Bundlers
 * take this file in the place of `node-platform`: see `browser` in package.json.
 */
export function nodePlatform(): Platform {
  return { transports: [webSockets()], connectionEncrypters: [noise()], peerDiscovery: [] };
}

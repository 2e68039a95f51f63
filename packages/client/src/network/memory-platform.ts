import { noise } from '@chainsafe/libp2p-noise';
import { memory } from '@libp2p/memory';
import type { Platform } from './platform.js';

/** Nodes within one process, at addresses such as `/memory/a`: for tests. */
export function memoryPlatform(): Platform {
  return { transports: [memory()], connectionEncrypters: [noise()], peerDiscovery: [] };
}

import { noise } from '@chainsafe/libp2p-noise';
import { mdns } from '@libp2p/mdns';
import { tcp } from '@libp2p/tcp';
import { tls } from '@libp2p/tls';
import { webSockets } from '@libp2p/websockets';
import { WebSocket } from 'ws';
import type { Platform, PlatformOptions } from './platform.js';

/** Of our own, so that other libp2p programs in the network are not dialled. */
const mdnsServiceTag = '_skein._udp.local';

/**
 * TCP and WebSockets, for Node. Node peers agree on TLS, which costs half of what noise does;
 * browsers have noise only. An idle TLS connection takes 200 KiB, one of noise 80.
 */
export function nodePlatform(options: PlatformOptions): Platform {
  // Node 20 has no WebSocket of its own, and the transport dials with the global one.
  globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket;
  return {
    transports: [tcp(), webSockets()],
    connectionEncrypters: options.hasManyConnections ? [noise()] : [tls(), noise()],
    peerDiscovery: options.mdns ? [multicastDiscovery(options)] : [],
  };
}

function multicastDiscovery(options: PlatformOptions): Platform['peerDiscovery'][number] {
  return (components) => {
    const discovery = mdns({ serviceTag: mdnsServiceTag })(components);
    discovery.addEventListener('peer', (event) => {
      const { id, multiaddrs } = event.detail;
      options.onDiscovered({
        multiaddrs: multiaddrs.map((address) =>
          address.toString().includes('/p2p/') ? `${address}` : `${address}/p2p/${id}`,
        ),
      });
    });
    return discovery;
  };
}

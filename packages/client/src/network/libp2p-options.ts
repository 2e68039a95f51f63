import { identify, identifyPush } from '@libp2p/identify';
import { kadDHT, passthroughMapper, removePrivateAddressesMapper } from '@libp2p/kad-dht';
import { ping } from '@libp2p/ping';
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p';
import { isLocalSwarm } from './addresses.js';
import { frugalYamux } from './frugal-yamux.js';
import type { SkeinNodeOptions } from './node.js';
import type { Platform } from './platform.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const secondMs = 1_000;
const minuteMs = 60 * secondMs;

/** Of our own, so that the public IPFS network and Skein's do not mix. */
const dhtProtocol = '/skein/kad/1.0.0';

/** Streams of one protocol on one connection. libp2p's 32 and 64 drop the rest without a word. */
export const streamsPerConnectionMax = 1024;

export const connectionsDefault = 500;

/** The settings of libp2p, each with its reason; see "js-libp2p" in docs/decisions. */
export function libp2pOptions(
  options: Pick<
    SkeinNodeOptions,
    'listen' | 'bootstrap' | 'announce' | 'mode' | 'dht' | 'connectionsMax' | 'metrics'
  >,
  platform: Platform,
): Libp2pOptions {
  return {
    ...platform,
    ...(options.metrics === undefined ? {} : { metrics: options.metrics }),
    addresses: { listen: [...options.listen], announce: [...(options.announce ?? [])] },
    streamMuxers: [
      frugalYamux({
        keepAliveInterval: 30 * secondMs,
        maxInboundStreams: streamsPerConnectionMax,
        maxOutboundStreams: streamsPerConnectionMax,
        streamOptions: {
          // Both sides must agree on the initial window; a larger one on one side resets the
          // connection. A larger maximum lets pings queue behind bulk data on slow uplinks.
          initialStreamWindowSize: 256 * KiB,
          maxStreamWindowSize: MiB,
          maxReadBufferLength: 16 * MiB,
        },
      }),
    ],
    connectionManager: {
      maxConnections: options.connectionsMax ?? connectionsDefault,
      // The default of 5 a second and address refuses peers that start together on one machine.
      inboundConnectionThreshold: 50,
      maxIncomingPendingConnections: 100,
      maxParallelDials: 50,
      dialTimeout: 10 * secondMs,
      addressDialTimeout: 5 * secondMs,
    },
    // Slow, for cleaning up only: deadlines per request find dead peers sooner, and tight pings
    // would drop good connections of a busy process.
    connectionMonitor: {
      // Who has many connections asks over them anyway.
      enabled: (options.connectionsMax ?? 0) <= connectionsDefault,
      pingInterval: 10 * secondMs,
      pingTimeout: { minTimeout: 10 * secondMs, maxTimeout: 20 * secondMs },
    },
    // Above the validity of provider records, which are of no use without the addresses.
    peerStore: { maxAddressAge: 60 * minuteMs, maxPeerAge: 6 * 60 * minuteMs },
    // In browsers the default refuses private addresses.
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      // The monitor's own pings count too.
      ping: ping({ maxInboundStreams: 32, maxOutboundStreams: 32, timeout: 10 * secondMs }),
      ...(options.dht === false ? {} : { dht: distributedHashTable(options) }),
      // A service may name others that it needs (the DHT needs ping), which an open map of
      // services cannot express; libp2p checks it at start.
    } as unknown as ServiceFactoryMap,
  };
}

function distributedHashTable(options: Pick<SkeinNodeOptions, 'listen' | 'bootstrap' | 'mode'>) {
  return kadDHT({
    protocol: dhtProtocol,
    clientMode: options.mode === 'client',
    peerInfoMapper: isLocalSwarm(options) ? passthroughMapper : removePrivateAddressesMapper,
    maxInboundStreams: 64,
    // A provider that died without a word stays listed until its record expires: 48 h by default.
    reprovide: {
      interval: minuteMs,
      validity: 15 * minuteMs,
      threshold: 10 * minuteMs,
      concurrency: 4,
    },
    networkDialTimeout: { minTimeout: 3 * secondMs, maxTimeout: 10 * secondMs },
  });
}

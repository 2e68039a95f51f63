import type { Connection, Libp2p, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { abortAfter, limits, type PeerId, SkeinError, toSkeinError } from '@skein/protocol';
import type * as z from 'zod';
import type { Clock, Random } from '../clock.js';
import { parseMultiaddr, withPeer } from './addresses.js';
import { BootstrapKeeper } from './bootstrap-keeper.js';
import type {
  ChannelAcceptor,
  ConnectionView,
  NodeDiagnostics,
  Remote,
  SkeinNode,
} from './contracts.js';
import { streamsPerConnectionMax } from './libp2p-options.js';
import { createMessageChannel, type MessageChannel } from './message-channel.js';
import type { DiscoveredPeer } from './platform.js';
import { topicCid } from './topic.js';

/** Dial, handshakes and protocol choice together; a dial costs about five round trips. */
const openMsMax = 10_000;
/** Peers found by multicast DNS are dialled up to this many connections. */
const discoveryConnectionsMax = 32;

/** Options of {@link Libp2pNode}. */
export interface Libp2pNodeOptions {
  readonly libp2p: Libp2p;
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
  readonly hasDht: boolean;
  confirmAddresses(): void;
  readonly clock: Clock;
  readonly random: Random;
}

/** {@link SkeinNode} on js-libp2p. */
export class Libp2pNode implements SkeinNode {
  readonly peer: PeerId;
  readonly #libp2p: Libp2p;
  readonly #options: Libp2pNodeOptions;
  readonly #keeper: BootstrapKeeper;
  readonly #meter = { receivedBytes: 0, sentBytes: 0 };
  readonly diagnostics: NodeDiagnostics = {
    connections: () => this.#libp2p.getConnections().map(viewConnection),
    traffic: () => ({ ...this.#meter }),
    disconnect: (peer) => this.#libp2p.hangUp(peerIdFromString(peer)),
  };

  constructor(options: Libp2pNodeOptions) {
    this.#options = options;
    this.#libp2p = options.libp2p;
    this.peer = options.libp2p.peerId.toString() as PeerId;
    this.#keeper = new BootstrapKeeper({
      node: this,
      bootstrap: options.bootstrap,
      clock: options.clock,
      random: options.random,
    });
  }

  get multiaddrs(): readonly string[] {
    return this.#libp2p.getMultiaddrs().map(String);
  }

  get connectedPeers(): readonly PeerId[] {
    return this.#libp2p.getPeers().map((peer) => peer.toString() as PeerId);
  }

  async start(): Promise<void> {
    try {
      await this.#libp2p.start();
    } catch (error) {
      throw startError(error, this.#options.listen);
    }
    this.#options.confirmAddresses();
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    this.#keeper.stop();
    await this.#libp2p.stop();
  }

  /** Dials a peer of the local network, unless there are connections enough. */
  onDiscovered(peer: DiscoveredPeer): void {
    if (this.#libp2p.getConnections().length >= discoveryConnectionsMax) return;
    // A peer that cannot be reached is found again at the next announcement.
    this.connect(peer.multiaddrs, {}).catch(() => undefined);
  }

  async connect(multiaddrs: readonly string[], options: { signal?: AbortSignal }): Promise<PeerId> {
    const targets = multiaddrs.map(parseMultiaddr);
    const signal = deadline(options.signal);
    try {
      const connection = await Promise.any(
        targets.map((target) => this.#libp2p.dial(target, { signal })),
      );
      return connection.remotePeer.toString() as PeerId;
    } catch (error) {
      const cause = error instanceof AggregateError ? error.errors[0] : error;
      throw unreachable({ peer: undefined, multiaddrs, cause, signal: options.signal });
    }
  }

  async openChannel<Schema extends z.ZodType, Outgoing extends object>(
    remote: Remote,
    protocol: string,
    schema: Schema,
    accept: ChannelAcceptor<z.infer<Schema>, Outgoing>,
    options: { signal?: AbortSignal },
  ): Promise<MessageChannel<Outgoing>> {
    const signal = deadline(options.signal);
    let stream: Stream;
    try {
      stream = await this.#openStream(remote, protocol, signal);
    } catch (cause) {
      const { peer, multiaddrs } = remote;
      throw unreachable({ peer, multiaddrs, cause, signal: options.signal });
    }
    const meter = this.#meter;
    return createMessageChannel(stream, { remotePeer: remote.peer, schema, accept, meter });
  }

  async serve<Schema extends z.ZodType, Outgoing extends object>(
    protocol: string,
    schema: Schema,
    accept: ChannelAcceptor<z.infer<Schema>, Outgoing>,
  ): Promise<void> {
    await this.#libp2p.handle(
      protocol,
      (stream, connection) => {
        const remotePeer = connection.remotePeer.toString() as PeerId;
        createMessageChannel(stream, { remotePeer, schema, accept, meter: this.#meter });
      },
      {
        maxInboundStreams: streamsPerConnectionMax,
        maxOutboundStreams: streamsPerConnectionMax,
      },
    );
  }

  onDisconnect(listener: (peer: PeerId) => void): () => void {
    const onEvent = (event: { detail: { toString(): string } }) => {
      listener(event.detail.toString() as PeerId);
    };
    this.#libp2p.addEventListener('peer:disconnect', onEvent);
    return () => this.#libp2p.removeEventListener('peer:disconnect', onEvent);
  }

  async provideTopic(topic: string, options: { signal: AbortSignal }): Promise<void> {
    if (!this.#options.hasDht) return;
    await this.#libp2p.contentRouting.provide(await topicCid(topic), options);
  }

  async *findTopic(topic: string, options: { signal: AbortSignal }): AsyncGenerator<Remote> {
    if (!this.#options.hasDht) return;
    const found = this.#libp2p.contentRouting.findProviders(await topicCid(topic), options);
    for await (const { id, multiaddrs } of found) {
      const peer = id.toString() as PeerId;
      if (peer !== this.peer) yield { peer, multiaddrs: multiaddrs.map(String) };
    }
  }

  /**
   * Opens a stream on the open connection to a peer, or on a new one. A connection can be dead
   * without anybody having noticed, when a machine slept: then a fresh one is tried.
   */
  async #openStream(remote: Remote, protocol: string, signal: AbortSignal): Promise<Stream> {
    const isConnected = this.connectedPeers.includes(remote.peer);
    const options = { signal, maxOutboundStreams: streamsPerConnectionMax };
    try {
      const connection = await this.#connection(remote, { signal });
      return await connection.newStream([protocol], options);
    } catch (error) {
      const isRefusal = error instanceof Error && error.name === 'UnsupportedProtocolError';
      if (!isConnected || isRefusal || signal.aborted) throw error;
      const connection = await this.#connection(remote, { signal, force: true });
      return await connection.newStream([protocol], options);
    }
  }

  /** The open connection to a peer unless `force` asks for a new one. */
  #connection(
    remote: Remote,
    options: { signal: AbortSignal; force?: boolean },
  ): Promise<Connection> {
    const targets: Multiaddr[] = remote.multiaddrs
      .slice(0, limits.multiaddrsMax)
      .map((address) => withPeer(parseMultiaddr(address), remote.peer));
    // Without addresses libp2p uses those that it knows, from identify or the DHT.
    const target = targets.length > 0 ? targets : peerIdFromString(remote.peer);
    return this.#libp2p.dial(target, options);
  }
}

function viewConnection({ remotePeer, remoteAddr, rtt }: Connection): ConnectionView {
  return {
    peer: remotePeer.toString() as PeerId,
    isRelayed: remoteAddr.toString().includes('/p2p-circuit'),
    roundTripMs: rtt ?? null,
  };
}

function deadline(signal: AbortSignal | undefined): AbortSignal {
  return abortAfter(openMsMax, signal);
}

function unreachable(failure: {
  readonly peer: PeerId | undefined;
  readonly multiaddrs: readonly string[];
  readonly cause: unknown;
  readonly signal: AbortSignal | undefined;
}): SkeinError {
  const { peer, multiaddrs, cause, signal } = failure;
  if (signal?.aborted) {
    const isTimeout = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
    return toSkeinError(signal.reason, isTimeout ? 'timeout' : 'aborted');
  }
  const who = peer === undefined ? 'any node' : `peer ${peer}`;
  const where = multiaddrs.length === 0 ? 'its known addresses' : multiaddrs.join(', ');
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SkeinError('peer-unreachable', `cannot reach ${who} at ${where}: ${why}`, {
    cause,
    ...(peer === undefined ? {} : { peer }),
  });
}

/** libp2p reports why it cannot listen as text, one paragraph an address. */
function startError(error: unknown, listen: readonly string[]): SkeinError {
  const text = error instanceof Error ? error.message : String(error);
  if (/EADDRINUSE/.test(text)) {
    const address = listen.find((candidate) => isInUse(text, candidate)) ?? listen.join(', ');
    return new SkeinError(
      'address-in-use',
      `cannot listen on ${address}: another program uses the port.\n` +
        '  1. If it is an earlier peer of yours, stop it.\n' +
        '  2. Or listen on another port: --listen /ip4/0.0.0.0/tcp/4002\n' +
        '  3. Or let the system choose one: --listen /ip4/0.0.0.0/tcp/0',
      { cause: error, details: { address } },
    );
  }
  if (/EACCES|EADDRNOTAVAIL|UnsupportedListenAddress/.test(text)) {
    const reason = /E[A-Z]+: [^\n]*/.exec(text)?.[0] ?? text;
    return new SkeinError('bad-configuration', `cannot listen on ${listen.join(', ')}: ${reason}`, {
      cause: error,
    });
  }
  return toSkeinError(error);
}

function isInUse(text: string, address: string): boolean {
  const start = text.indexOf(`${address}:`);
  if (start < 0) return false;
  return /^[^\n]*(\n\s+at [^\n]*)?[^\n]*EADDRINUSE/.test(text.slice(start));
}

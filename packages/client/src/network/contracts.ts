import type { PeerId, RecordBody, VerifiedRecord } from '@skein/protocol';
import type * as z from 'zod';
import type { ChannelHandlers, MessageChannel } from './message-channel.js';

/** Somebody to talk to: dialled at `multiaddrs` unless a connection exists already. */
export interface Remote {
  readonly peer: PeerId;
  readonly multiaddrs: readonly string[];
}

/** Accepts channels of one protocol: returns the handlers for a new one. */
export type ChannelAcceptor<Incoming, Outgoing extends object> = (
  channel: MessageChannel<Outgoing>,
) => ChannelHandlers<Incoming>;

/** An open connection, as it is told to people. */
export interface ConnectionView {
  readonly peer: PeerId;
  /** Another node passes everything on. */
  readonly isRelayed: boolean;
  /** As the connection's own pings found; null before the first. */
  readonly roundTripMs: number | null;
}

/** Bytes of messages, both ways, since the start. */
export interface Traffic {
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** What a node can tell of itself beyond its work, for the dashboard and the metrics. */
export interface NodeDiagnostics {
  connections(): readonly ConnectionView[];
  traffic(): Traffic;
  /** Ends all connections to a peer, in good order. */
  disconnect(peer: PeerId): Promise<void>;
}

/** A libp2p node as the rest of Skein sees it: typed channels to peers. */
export interface SkeinNode {
  /** Absent where there is nothing to tell of: in simulated networks. */
  readonly diagnostics?: NodeDiagnostics;
  readonly peer: PeerId;
  /** Addresses that others can dial, with `/p2p/<id>`. */
  readonly multiaddrs: readonly string[];
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Connects to the first of `multiaddrs` that answers (`/ip4/…/p2p/<id>`; the id is optional). */
  connect(multiaddrs: readonly string[], options: { signal?: AbortSignal }): Promise<PeerId>;
  /** Peers with an open connection. */
  readonly connectedPeers: readonly PeerId[];
  /**
   * Opens one long-lived stream. Connection failures throw `peer-unreachable`, with the peer named.
   */
  openChannel<Schema extends z.ZodType, Outgoing extends object>(
    remote: Remote,
    protocol: string,
    schema: Schema,
    accept: ChannelAcceptor<z.infer<Schema>, Outgoing>,
    options: { signal?: AbortSignal },
  ): Promise<MessageChannel<Outgoing>>;
  /** Serves a protocol: every incoming stream becomes a channel. */
  serve<Schema extends z.ZodType, Outgoing extends object>(
    protocol: string,
    schema: Schema,
    accept: ChannelAcceptor<z.infer<Schema>, Outgoing>,
  ): Promise<void>;
  /** Called when the last connection to a peer is gone. Returns a function that unsubscribes. */
  onDisconnect(listener: (peer: PeerId) => void): () => void;
  /**
   * Tells the DHT that this node belongs to a topic. Without a DHT nothing happens. Best effort:
   * it settles when the records were sent, which takes seconds.
   */
  provideTopic(topic: string, options: { signal: AbortSignal }): Promise<void>;
  /** Nodes that belong to a topic, as the DHT finds them; leave the loop early. */
  findTopic(topic: string, options: { signal: AbortSignal }): AsyncIterable<Remote>;
}

/**
 * What a member knows of all others: signed records, spread by push-pull anti-entropy. Expiry and
 * suspicion are local decisions.
 */
export interface Directory {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Valid, unexpired records, `gone` ones excluded. */
  records(): readonly VerifiedRecord[];
  get(peer: PeerId): VerifiedRecord | null;
  /**
   * Finds members (bootstrap nodes, the DHT's providers of the topic) and takes a snapshot from the
   * first that answer. Resolves with the number of records known.
   */
  refresh(options: { modelName?: string; signal?: AbortSignal }): Promise<number>;
  /** Signs and spreads this member's own record. Members only. */
  publish(
    body: Omit<RecordBody, 'version' | 'publicKey' | 'sequence' | 'issuedAtMs' | 'expiresAtMs'>,
  ): Promise<VerifiedRecord>;
  /** Called for each record that appears, changes, expires or says goodbye. */
  onChange(listener: (change: DirectoryChange) => void): () => void;
}

export interface DirectoryChange {
  readonly kind: 'joined' | 'updated' | 'left' | 'expired';
  readonly record: VerifiedRecord;
}

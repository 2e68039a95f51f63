import {
  type Ends,
  hashManifest,
  infoAnswerSchema,
  infoProtocol,
  infoRequestSchema,
  type ModelHash,
  type ModelManifest,
  modelAnswerSchema,
  modelProtocol,
  modelRequestSchema,
  type PeerId,
  type RecordBody,
  SkeinError,
  type Span,
  type StepMessage,
  sessionProtocol,
  type Tensor,
  type ToHopMessage,
  toClientSchema,
  toHopSchema,
  type VerifiedRecord,
} from '@skein/protocol';
import type * as z from 'zod';
import type { Directory, DirectoryChange, Remote, SkeinNode } from '../../src/network/contracts.js';
import type { ChannelHandlers } from '../../src/network/message-channel.js';
import { channelPair, type ToyChannel } from './toy-channel.js';
import { type FaultAction, type StepContext, ToyHop, type ToyPiece } from './toy-hop.js';
import { toyHiddenSize } from './toy-model.js';

export type FaultRule = (context: StepContext) => FaultAction | null;

/** A model as the toy peers host it. */
export interface ToySwarmModel {
  readonly hash: ModelHash;
  readonly name: string;
  readonly blockCount: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly manifest: ModelManifest;
  readonly tokenizer: Uint8Array | null;
  readonly chatTemplate: Uint8Array | null;
}

export interface ToyPeerOptions {
  readonly name: string;
  readonly span: readonly [number, number];
  readonly numericKind?: string;
  readonly ends?: Ends;
  readonly kvTokens?: number;
  readonly historyRows?: number;
  readonly decodeBlocksPerSecond?: number;
}

/** A peer that hosts toy blocks, and fails when it is told to. */
export class ToyPeer {
  readonly swarm: ToySwarm;
  readonly name: string;
  readonly peer: PeerId;
  readonly record: VerifiedRecord;
  readonly hops = new Map<string, ToyHop>();
  readonly rules: FaultRule[] = [];
  readonly kvTokens: number;
  readonly historyRows: number;
  isDead = false;
  isHung = false;
  /** Computes nothing any more, yet answers. */
  isStuck = false;
  forgetsHistory = false;
  /** Takes no new sessions. */
  isDraining = false;
  /** What becomes of a piece of cache that comes. */
  pieceFault: 'drop' | 'kill' | null = null;
  /** What becomes of a request to hand a cache over. */
  handOverFault: 'silent' | 'kill' | null = null;
  /** Changes the pieces of cache that go out. */
  spoil: (piece: ToyPiece) => ToyPiece = (piece) => piece;
  /** Sessions whose cache was imported. */
  imports = 0;
  queuedRows = 0;
  /** What it says that a block takes. */
  blockMs = 1;
  /** Steps that it began without the client, and whether it does so with tokens that it likes better. */
  stepsAhead = 0;
  liesAhead = false;
  /** Rows of replays that it computed. */
  replayedRows = 0;
  /** Sessions opened on it so far. */
  opened = 0;
  /** How each of them is to be served. */
  readonly priorities: string[] = [];
  readonly #channels = new Set<ToyChannel<object>>();

  constructor(swarm: ToySwarm, options: ToyPeerOptions) {
    this.swarm = swarm;
    this.name = options.name;
    this.peer = toyPeerId(options.name);
    this.kvTokens = options.kvTokens ?? 100_000;
    this.historyRows = options.historyRows ?? 100_000;
    this.record = { peerId: this.peer, bytes: new Uint8Array(), body: toyRecord(swarm, options) };
  }

  /** The process ends: streams break, nobody answers. */
  kill(): void {
    this.isDead = true;
    this.hops.clear();
    for (const channel of this.#channels) channel.abort(new Error('killed'));
    this.#channels.clear();
  }

  /** Is about to leave: tells the clients of its sessions. */
  drain(remainingMs = 30_000): void {
    this.isDraining = true;
    for (const hop of this.hops.values()) hop.answer({ type: 'draining', remainingMs });
  }

  /** The drain is over: ends the sessions that are left. */
  leave(): void {
    for (const [session, hop] of this.hops) {
      hop.answer({ type: 'error', code: 'draining', message: 'toy leaves' });
      this.hops.delete(session);
      hop.end();
    }
  }

  /** A fresh process under the same identity. */
  revive(): void {
    this.rules.length = 0;
    this.comeBack();
  }

  /** As good as new, but for what it is still going to do. */
  comeBack(): void {
    this.isDead = false;
    this.isHung = false;
    this.isStuck = false;
    this.isDraining = false;
    this.handOverFault = null;
    this.pieceFault = null;
  }

  violation(text: string): void {
    this.swarm.violations.push(`${this.name}: ${text}`);
  }

  /** The first rule that has something to say about the step is used up. */
  faultFor(context: StepContext): FaultAction | null {
    for (const [index, rule] of this.rules.entries()) {
      const action = rule(context);
      if (action === null) continue;
      this.rules.splice(index, 1);
      return action;
    }
    return null;
  }

  accept(protocol: string, channel: ToyChannel<object>): ChannelHandlers<never> {
    this.#channels.add(channel);
    const onMessage = this.#handler(protocol, channel);
    return {
      onMessage: (received) => {
        if (!this.isHung && !this.isDead) onMessage(received);
      },
      onClose: () => {
        this.#channels.delete(channel);
        for (const [session, hop] of this.hops) {
          if (this.#owners.get(hop) === channel) this.hops.delete(session);
        }
      },
    };
  }

  readonly #owners = new Map<ToyHop, ToyChannel<object>>();

  #handler(
    protocol: string,
    channel: ToyChannel<object>,
  ): (received: { message: never; tensors: readonly Tensor[] }) => void {
    if (protocol === modelProtocol) {
      return ({ message }) => this.#sendModelPart(channel, message);
    }
    if (protocol === infoProtocol) {
      return () => void channel.close();
    }
    let hop: ToyHop | null = null;
    return (received) => {
      const message = received.message as ToHopMessage;
      if (message.type === 'open') hop = this.#open(channel, message);
      else if (message.type === 'close') {
        if (hop !== null) this.hops.delete(hop.session);
        channel.send({ type: 'closed' });
        void channel.close();
      } else hop?.onMessage(received);
    };
  }

  #open(
    channel: ToyChannel<object>,
    message: Extract<ToHopMessage, { type: 'open' }>,
  ): ToyHop | null {
    this.opened += 1;
    this.priorities.push(message.priority ?? 'interactive');
    const { span, model, numericKind } = this.record.body;
    const fits =
      message.span.start >= span.start &&
      message.span.end <= span.end &&
      message.model === model &&
      message.numericKind === numericKind;
    const isOpen = this.hops.has(message.session);
    const refusal = this.isDraining ? 'draining' : isOpen ? 'session-exists' : null;
    const code = fits ? refusal : 'not-hosting';
    if (code !== null) {
      channel.send({ type: 'error', code, message: `toy ${code}` });
      void channel.close();
      return null;
    }
    const hop = new ToyHop(this, channel, message);
    this.hops.set(message.session, hop);
    this.#owners.set(hop, channel);
    channel.send({ type: 'opened', kvTokensFree: this.kvTokens, queuedRows: 0 });
    return hop;
  }

  #sendModelPart(channel: ToyChannel<object>, request: { part: string }): void {
    const { manifest, tokenizer, chatTemplate } = this.swarm.model;
    const bytes =
      request.part === 'manifest'
        ? new TextEncoder().encode(JSON.stringify(manifest))
        : request.part === 'tokenizer'
          ? tokenizer
          : chatTemplate;
    if (bytes === null) {
      channel.send({ type: 'error', code: 'model-unknown', message: 'no such part' });
      return;
    }
    const sent = this.swarm.corruptsModelParts ? bytes.slice(1) : bytes;
    channel.send({ type: 'model-part', part: request.part }, [
      { type: 'u8', shape: [sent.byteLength], bytes: sent },
    ]);
  }
}

const protocols: Record<string, { toPeer: z.ZodType; toClient: z.ZodType }> = {
  [sessionProtocol]: { toPeer: toHopSchema, toClient: toClientSchema },
  [modelProtocol]: { toPeer: modelRequestSchema, toClient: modelAnswerSchema },
  [infoProtocol]: { toPeer: infoRequestSchema, toClient: infoAnswerSchema },
};

/** Peers, a directory that knows them all, and a client's node, in memory. */
export class ToySwarm {
  readonly model: ToySwarmModel;
  readonly peers = new Map<PeerId, ToyPeer>();
  /** Breaches of the wire protocol by the client, and impossible states. Tests expect none. */
  readonly violations: string[] = [];
  corruptsModelParts = false;
  /** Pairs `from>to` of names that cannot reach each other. */
  readonly blockedEdges = new Set<string>();
  readonly #listeners = new Set<(change: DirectoryChange) => void>();

  constructor(model: ToySwarmModel, peers: readonly ToyPeerOptions[]) {
    this.model = model;
    for (const options of peers) this.add(options);
  }

  add(options: ToyPeerOptions): ToyPeer {
    const peer = new ToyPeer(this, options);
    this.peers.set(peer.peer, peer);
    for (const listener of this.#listeners) listener({ kind: 'joined', record: peer.record });
    return peer;
  }

  peer(name: string): ToyPeer {
    return this.peers.get(toyPeerId(name)) as ToyPeer;
  }

  announceAgain(name: string): void {
    const { record } = this.peer(name);
    for (const listener of this.#listeners) listener({ kind: 'updated', record });
  }

  /** Sessions that some peer still holds. */
  get openSessions(): number {
    return [...this.peers.values()].reduce((sum, peer) => sum + peer.hops.size, 0);
  }

  /** Delivers a step from one hop to the next; false when it cannot be reached. */
  push(from: ToyPeer, to: PeerId, session: string, step: object, tensor: Tensor): boolean {
    const target = this.peers.get(to);
    if (target === undefined || target.isDead) return false;
    if (this.blockedEdges.has(`${from.name}>${target.name}`)) return false;
    if (target.isHung) return true;
    if (!target.hops.has(session)) return false;
    // Looked up again on arrival: the session may be gone by then.
    queueMicrotask(() => {
      if (target.isHung || from.isHung) return;
      const message = { ...step, tensors: [] } as unknown as StepMessage;
      target.hops.get(session)?.step(message, [tensor], from.peer);
    });
    return true;
  }

  /** Delivers a piece of cache from a hop that leaves; false when the taker cannot be reached. */
  pushPiece(from: ToyPeer, to: PeerId, session: string, piece: ToyPiece): boolean {
    const target = this.peers.get(to);
    if (target === undefined || target.isDead || target === from) return false;
    if (this.blockedEdges.has(`${from.name}>${target.name}`)) return false;
    queueMicrotask(() => {
      const hop = target.hops.get(session);
      if (target.isHung || hop === undefined) return;
      if (hop.donor !== from.peer) target.violation(`a cache from ${from.name}, unasked`);
      hop.takePiece({ message: { ...piece.message, tensors: [] }, tensors: piece.tensors });
    });
    return true;
  }

  readonly directory: Directory = {
    start: async () => {},
    stop: async () => {},
    records: () => [...this.peers.values()].map(({ record }) => record),
    get: (peer) => this.peers.get(peer)?.record ?? null,
    refresh: async () => this.peers.size,
    publish: () => Promise.reject(new Error('a client publishes nothing')),
    onChange: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  };

  readonly node: SkeinNode = {
    peer: toyPeerId('client'),
    multiaddrs: [],
    connectedPeers: [],
    start: async () => {},
    stop: async () => {},
    connect: () => Promise.reject(new SkeinError('peer-unreachable', 'toy')),
    serve: async () => {},
    onDisconnect: () => () => {},
    provideTopic: async () => {},
    findTopic: async function* () {},
    openChannel: async (remote, protocol, _schema, accept, { signal }) => {
      const peer = this.#dial(remote);
      if (peer.isHung) await untilAborted(signal);
      const { toPeer, toClient } = protocols[protocol] as {
        toPeer: z.ZodType;
        toClient: z.ZodType;
      };
      const [near, far] = channelPair(
        { peer: toyPeerId('client'), schema: toClient },
        { peer: remote.peer, schema: toPeer },
      );
      far.attach(peer.accept(protocol, far));
      near.attach(accept(near as never) as ChannelHandlers<never>);
      return near as never;
    },
  };

  #dial({ peer }: Remote): ToyPeer {
    const target = this.peers.get(peer);
    if (target !== undefined && !target.isDead) return target;
    throw new SkeinError('peer-unreachable', `toy: ${peer} does not answer`, { peer });
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new Error('aborted')));
  });
}

/** A peer id in the right alphabet, that shows the peer's name. */
export function toyPeerId(name: string): PeerId {
  return `12D3KooW${'x'.repeat(44 - name.length)}${name}`.replace(/[0OIl]/g, 'z') as PeerId;
}

function toyRecord(swarm: ToySwarm, options: ToyPeerOptions): RecordBody {
  const [start, end] = options.span;
  const span: Span = { start, end };
  const { model } = swarm;
  return {
    version: 1,
    publicKey: new Uint8Array(),
    sequence: 1,
    issuedAtMs: 0,
    expiresAtMs: 90_000,
    state: 'serving',
    name: options.name,
    model: model.hash,
    modelName: model.name,
    blockCount: model.blockCount,
    hiddenSize: toyHiddenSize,
    contextLength: model.contextLength,
    span,
    ends: options.ends ?? { embedding: start === 0, head: end === model.blockCount },
    numericKind: options.numericKind ?? 'toy/toy',
    decodeBlocksPerSecond: options.decodeBlocksPerSecond ?? 1000,
    prefillBlockRowsPerSecond: 10_000,
    kvTokensFree: options.kvTokens ?? 100_000,
    kvTokensMax: Math.max(options.kvTokens ?? 0, 100_000),
    queuedRows: 0,
    sessions: 0,
    multiaddrs: ['/memory/toy'],
  };
}

/** A model of a given shape; the parts are what the peers hand out. */
export function toyModel(
  shape: { blockCount?: number; vocabSize?: number; contextLength?: number } = {},
  parts: Partial<Pick<ToySwarmModel, 'manifest' | 'tokenizer' | 'chatTemplate'>> = {},
): ToySwarmModel {
  const { blockCount = 6, vocabSize = 50, contextLength = 4096 } = shape;
  const manifest = parts.manifest ?? toyManifest({ blockCount, vocabSize, contextLength });
  return {
    hash: hashManifest(manifest),
    name: manifest.name,
    blockCount,
    hiddenSize: toyHiddenSize,
    vocabSize,
    contextLength,
    manifest,
    tokenizer: parts.tokenizer ?? null,
    chatTemplate: parts.chatTemplate ?? null,
  };
}

export function toyManifest(
  shape: { blockCount: number; vocabSize: number; contextLength: number },
  digests: Pick<ModelManifest, 'tokenizerDigest' | 'chatTemplateDigest'> = {
    tokenizerDigest: null,
    chatTemplateDigest: null,
  },
): ModelManifest {
  return {
    version: 1,
    name: 'toy',
    config: {
      architecture: 'llama',
      ...shape,
      hiddenSize: toyHiddenSize,
      headCount: 1,
      kvHeadCount: 1,
      headDim: 4,
      feedForwardSize: 8,
      rmsNormEpsilon: 1e-5,
      rope: { theta: 10_000, mode: 'neox', scaling: { kind: 'none' } },
      slidingWindow: null,
      tiedEmbeddings: false,
      qkvBias: false,
      attentionOutputBias: false,
      feedForwardBias: false,
      qkNorm: false,
      bosTokenId: null,
      eosTokenIds: [],
    },
    tensors: [],
    ...digests,
  };
}

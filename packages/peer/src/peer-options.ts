import type { Clock, Random, SkeinNodeOptions } from '@skein/client/network';
import type {
  DeviceChoice,
  Engine,
  EngineName,
  EngineOptions,
  KvType,
  PeerId,
  RecordBody,
  Span,
  WeightType,
} from '@skein/protocol';
import type { PeerEvent } from './peer-events.js';

/** Options of `createPeer`. */
export interface PeerOptions {
  /** A Hugging Face style folder or a .gguf file. */
  readonly modelPath: string;
  /** What people ask for; default: the name of the folder or file. */
  readonly modelName?: string;
  /** The blocks to host. Default: chosen where the swarm is weakest. */
  readonly span?: Span;
  /**
   * How many blocks to host when `span` is not given: so many at first, and at most so many after a
   * move. Default: as many as memory allows.
   */
  readonly numBlocks?: number;
  /**
   * Mean time between two looks for a span that serves the swarm better; null never looks.
   * Default: two minutes, and never where `span` is given.
   */
  readonly rebalanceMs?: number | null;
  /** Multiaddrs to listen on. */
  readonly listen: readonly string[];
  /** Multiaddrs of nodes to join through. None starts a swarm. */
  readonly bootstrap: readonly string[];
  /** Addresses to tell others instead of those listened on. */
  readonly announce?: readonly string[];
  /** Key file, created when missing. Default: a fresh identity, which is not kept. */
  readonly identityPath?: string;
  /** What the peer is called on the dashboard; default: the host's name. */
  readonly name?: string;
  /** What computes the blocks; default `ggml`. */
  readonly engine?: EngineName;
  /** Default `auto`. */
  readonly device?: DeviceChoice;
  /** One device of its kind; default: all. */
  readonly deviceIndex?: number;
  /** Bytes that each device may take; the CPU computes what does not fit. Default: what is free. */
  readonly deviceMemoryBytes?: number;
  /** Blocks on devices at most; the CPU computes the others. Default: what fits. */
  readonly deviceBlocksMax?: number;
  /** Leave weights in their file, so that peers on one machine share them; default false. */
  readonly sharesWeights?: boolean;
  /** Type of the matrices in memory; default `keep`. */
  readonly weightType?: WeightType | 'keep';
  /** Default `f16`. */
  readonly kvType?: KvType;
  /** Default: physical cores. */
  readonly threads?: number;
  /** Tokens to cache over all sessions; default: a share of the free memory. */
  readonly kvTokensMax?: number;
  /** Sessions may stay so long after a graceful `stop`; at most a day; default: 30 s. */
  readonly drainTimeoutMs?: number;
  /** Default: see `createSkeinNode`. */
  readonly mdns?: boolean;
  readonly dht?: boolean;
  readonly transports?: SkeinNodeOptions['transports'];
  /** Counts what libp2p does. Default: nothing does. */
  readonly metrics?: NonNullable<SkeinNodeOptions['metrics']>;
  /** Mean time between two rounds of gossip; default: see `createDirectory`. */
  readonly gossipMs?: number;
  /** Bytes of memory that are free now. Default: what the system says. */
  readonly freeBytes?: () => number;
  /** Makes the engine; default: `createEngine`, in a process of its own. */
  readonly createEngine?: (options: EngineOptions) => Promise<Engine>;
  readonly clock?: Clock;
  /** Breaks ties between equally good spans. */
  readonly random?: Random;
  /** Called with everything that a person may want to see. */
  readonly onEvent?: (event: PeerEvent) => void;
}

/** What a peer can tell of itself at any time once it is ready. */
export interface PeerStatus {
  readonly peerId: PeerId;
  readonly name: string;
  readonly multiaddrs: readonly string[];
  readonly state: RecordBody['state'];
  readonly model: { readonly name: string; readonly hash: string; readonly blockCount: number };
  readonly span: Span;
  readonly ends: { readonly embedding: boolean; readonly head: boolean };
  /** Where it is about to move; null when it stays. */
  readonly nextSpan: Span | null;
  readonly numericKind: string;
  readonly engine: string;
  readonly device: string;
  readonly uptimeMs: number;
  readonly sessions: number;
  readonly queuedRows: number;
  readonly kvTokensFree: number;
  readonly kvTokensMax: number;
  readonly weightBytes: number;
  /** Tokens times blocks computed since the start. */
  readonly tokenBlocks: number;
  readonly decodeBlocksPerSecond: number;
  readonly prefillBlockRowsPerSecond: number;
}

import type { SkeinNode } from '@skein/client/network';
import { type Engine, type EngineInfo, limits, type RecordBody } from '@skein/protocol';
import type { Announcement, Announcer } from './announce/announcer.js';
import type { ThroughputMeter } from './announce/throughput.js';
import { type InfoFigures, nameText } from './control/answer-info.js';
import type { HostedModel } from './hosting/hosted-model.js';
import type { Placement } from './hosting/place-peer.js';
import type { PeerStatus } from './peer-options.js';
import type { SessionHost } from './session/session-host.js';
import { peerVersion } from './version.js';

/** A running peer's parts. */
export interface PeerParts {
  readonly node: SkeinNode;
  readonly name: string;
  readonly model: HostedModel;
  readonly engine: Engine;
  readonly host: SessionHost;
  readonly meter: ThroughputMeter;
  readonly announcer: Announcer;
  uptimeMs(): number;
}

/** Weights and KV cache: peers of equal kinds may be chained. */
export function numericKindOf(info: Pick<EngineInfo, 'weightType' | 'kvType'>): string {
  return `${info.weightType}/${info.kvType}`;
}

/** Addresses to tell others: loopback ones only where there are no others. */
export function publishedAddresses(multiaddrs: readonly string[]): string[] {
  const isLoopback = (address: string) => /^\/(ip4\/127\.|ip6\/::1\/)/.test(address);
  const others = multiaddrs.filter((address) => !isLoopback(address));
  return (others.length > 0 ? others : [...multiaddrs]).slice(0, limits.multiaddrsMax);
}

type Placed = Omit<Announcement, 'state'>;

/** The figures of a peer in the forms in which others get them. */
export const infoFigures = {
  /** Of a peer that knows what it will host, but has not loaded it. */
  placed(joining: {
    readonly model: HostedModel;
    readonly placement: Placement;
    readonly node: SkeinNode;
    readonly name: string;
  }): Placed {
    const { model, placement, node, name } = joining;
    const { blockCount, hiddenSize, contextLength } = model.file.config;
    return {
      name,
      model: model.hash,
      modelName: model.manifest.name,
      blockCount,
      hiddenSize,
      contextLength,
      span: placement.span,
      ends: placement.ends,
      numericKind: '',
      decodeBlocksPerSecond: 0,
      prefillBlockRowsPerSecond: 0,
      kvTokensFree: 0,
      kvTokensMax: placement.kvTokensMax,
      queuedRows: 0,
      sessions: 0,
      multiaddrs: publishedAddresses(node.multiaddrs),
    };
  },

  /** What is known once the engine runs. */
  measured({ engine, host, meter }: PeerParts): Partial<Placed> {
    return {
      numericKind: host.numericKind,
      ...meter.throughput,
      kvTokensFree: engine.kvTokensFree,
      kvTokensMax: engine.info.kvTokensMax,
      queuedRows: host.queuedRows,
      sessions: host.sessionCount,
    };
  },

  /** The answer to an `info-request`. */
  live(parts: PeerParts): InfoFigures {
    const { engine, host, announcer } = parts;
    const isDraining: boolean = announcer.state === 'draining' || host.isDraining;
    return {
      version: peerVersion,
      engine: nameText(engine.info.description),
      device: nameText(engine.info.deviceName),
      uptimeMs: Math.round(parts.uptimeMs()),
      sessions: host.sessionCount,
      queuedRows: host.queuedRows,
      kvTokensFree: engine.kvTokensFree,
      kvTokensMax: engine.info.kvTokensMax,
      tokenBlocks: host.tokenBlocks,
      state: isDraining ? 'draining' : 'serving',
    };
  },
};

/** Everything that a running peer can tell of itself. */
export function describePeer(parts: PeerParts): PeerStatus {
  const { node, name, model, engine, announcer, meter } = parts;
  const { span, ends, description, deviceName, weightBytes } = engine.info;
  const state: RecordBody['state'] = announcer.state;
  const {
    version: _version,
    engine: _engine,
    device: _device,
    ...figures
  } = infoFigures.live(parts);
  return {
    ...figures,
    ...meter.throughput,
    peerId: node.peer,
    name,
    multiaddrs: node.multiaddrs,
    state,
    model: {
      name: model.manifest.name,
      hash: model.hash,
      blockCount: model.file.config.blockCount,
    },
    span,
    ends,
    numericKind: parts.host.numericKind,
    engine: description,
    device: deviceName,
    weightBytes,
  };
}

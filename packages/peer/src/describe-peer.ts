import type { SkeinNode } from '@skein/client/network';
import { type RecordBody, SkeinError } from '@skein/protocol';
import type { Announcement, Announcer } from './announce/announcer.js';
import { type InfoFigures, nameText } from './control/answer-info.js';
import type { HostedModel } from './hosting/hosted-model.js';
import type { HostedSpan } from './hosting/hosted-span.js';
import type { PeerSpans } from './hosting/peer-spans.js';
import type { Placement } from './hosting/place-peer.js';
import type { PeerStatus } from './peer-options.js';
import { publishedAddresses } from './published-addresses.js';
import { peerVersion } from './version.js';

/** What a peer's record is made of. */
export interface AnnouncedParts {
  readonly node: SkeinNode;
  readonly name: string;
  readonly model: HostedModel;
  readonly spans: PeerSpans;
  /** It looks for better spans, and says how much it could host. */
  readonly isMovable: boolean;
}

/** A running peer's parts. */
export interface PeerParts extends AnnouncedParts {
  readonly announcer: Announcer;
  uptimeMs(): number;
}

/** The figures of a peer in the forms in which others get them. */
export const infoFigures = {
  /** The record as of now, but for its state. */
  announced(parts: AnnouncedParts): Omit<Announcement, 'state'> {
    const { model, spans, node, name, isMovable } = parts;
    const { blockCount, hiddenSize, contextLength } = model.file.config;
    const { placement, nextSpan, current } = spans;
    return {
      name,
      model: model.hash,
      modelName: model.manifest.name,
      blockCount,
      hiddenSize,
      contextLength,
      span: placement.span,
      ends: placement.ends,
      ...(nextSpan === null ? {} : { nextSpan }),
      ...(isMovable ? { capacityBlocks: placement.capacityBlocks } : {}),
      ...(current === null ? unmeasured(placement) : measured(current)),
      multiaddrs: publishedAddresses(node.multiaddrs),
    };
  },

  /**
   * The answer to an `info-request`.
   * @throws SkeinError `busy` before the peer is ready
   */
  live(parts: PeerParts): InfoFigures {
    const { announcer } = parts;
    const { engine, host } = currentSpan(parts);
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
      tokenBlocks: parts.spans.tokenBlocks,
      state: isDraining ? 'draining' : 'serving',
    };
  },
};

/** Of a peer that knows what it will host, but has not loaded it. */
function unmeasured({ kvTokensMax }: Placement) {
  return {
    numericKind: '',
    decodeBlocksPerSecond: 0,
    prefillBlockRowsPerSecond: 0,
    kvTokensFree: 0,
    kvTokensMax,
    queuedRows: 0,
    sessions: 0,
  };
}

/** What is known once the engine runs. */
function measured({ engine, host, meter }: HostedSpan) {
  return {
    numericKind: host.numericKind,
    ...meter.throughput,
    kvTokensFree: engine.kvTokensFree,
    kvTokensMax: engine.info.kvTokensMax,
    queuedRows: host.queuedRows,
    sessions: host.sessionCount,
  };
}

function currentSpan({ spans }: PeerParts): HostedSpan {
  if (spans.current === null) throw new SkeinError('busy', 'this peer is not ready yet');
  return spans.current;
}

/** Everything that a running peer can tell of itself. */
export function describePeer(parts: PeerParts): PeerStatus {
  const { node, name, model, announcer, spans } = parts;
  const { engine, host, meter } = currentSpan(parts);
  const { description, deviceName, weightBytes } = engine.info;
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
    span: spans.placement.span,
    ends: spans.placement.ends,
    nextSpan: spans.nextSpan,
    numericKind: host.numericKind,
    engine: description,
    device: deviceName,
    weightBytes,
  };
}

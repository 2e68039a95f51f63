import { freemem } from 'node:os';
import type { Random } from '@skein/client/network';
import {
  type Ends,
  formatSpan,
  type PeerId,
  type RecordBody,
  SkeinError,
  type Span,
  spanLength,
} from '@skein/protocol';
import type { PeerOptions } from '../peer-options.js';
import { chooseSpan } from '../placement/index.js';
import { chooseBlockCount, chooseKvTokensMax, kvBytesPerToken } from './capacity.js';
import { bytesPerBlock, type HostedModel } from './hosted-model.js';

/** What a peer is going to host. */
export interface Placement {
  readonly span: Span;
  readonly ends: Ends;
  readonly kvTokensMax: number;
  /** Why these blocks: for people. */
  readonly reason: string;
}

/** Another peer of the model. */
interface OtherPeer {
  readonly peerId: PeerId;
  readonly body: RecordBody;
}

interface SwarmAround {
  readonly others: readonly OtherPeer[];
  readonly random: Random;
}

/** Speed of peers that have not measured themselves yet, this one included, when nobody has. */
const blocksPerSecondGuess = 500;

/**
 * Decides what to host: as told, or where the swarm is weakest.
 *
 * @throws SkeinError `bad-argument` for a span that the model does not have
 */
export function placePeer(options: PeerOptions, model: HostedModel, swarm: SwarmAround): Placement {
  const { config } = model.file;
  const freeBytes = freemem();
  const { span, reason } =
    options.span === undefined
      ? autoSpan(options, model, { ...swarm, freeBytes })
      : { span: options.span, reason: 'as told' };
  if (span.start < 0 || span.end > config.blockCount || spanLength(span) <= 0) {
    throw new SkeinError(
      'bad-argument',
      `blocks ${formatSpan(span)} of a model of ${config.blockCount}: ` +
        `name some within 0:${config.blockCount}`,
    );
  }
  const bytesPerToken = kvBytesPerToken(config, {
    blocks: spanLength(span),
    kvType: options.kvType ?? 'f16',
  });
  const { contextLength } = config;
  return {
    span,
    // Whoever touches an end hosts it, so that clients need not download anything.
    ends: { embedding: span.start === 0, head: span.end === config.blockCount },
    kvTokensMax:
      options.kvTokensMax ?? chooseKvTokensMax({ freeBytes, bytesPerToken, contextLength }),
    reason,
  };
}

function autoSpan(
  options: PeerOptions,
  model: HostedModel,
  swarm: SwarmAround & { readonly freeBytes: number },
): { span: Span; reason: string } {
  const { blockCount } = model.file.config;
  const blockBytes = bytesPerBlock(model.file, options.weightType ?? 'keep');
  const { freeBytes, others, random } = swarm;
  const capacityBlocks = Math.min(
    blockCount,
    options.numBlocks ?? chooseBlockCount({ freeBytes, bytesPerBlock: blockBytes, blockCount }),
  );
  if (!Number.isInteger(capacityBlocks) || capacityBlocks < 1) {
    throw new SkeinError('bad-argument', `a peer cannot host ${options.numBlocks} blocks`);
  }
  // Those that leave do not count; those that are about to serve do, so that two newcomers do not
  // take the same blocks.
  const staying = others.filter(
    ({ body }) => body.state !== 'draining' && spanLength(body.span) > 0,
  );
  const guess = typicalSpeed(staying);
  const peers = staying.map(({ peerId, body }) => ({
    id: peerId,
    span: body.span,
    blocksPerSecond: body.decodeBlocksPerSecond || guess,
  }));
  const newcomer = { capacityBlocks, blocksPerSecond: guess };
  const choice = chooseSpan({ blockCount, peers }, newcomer, { random });
  // Told how many, a peer hosts that many.
  if (options.numBlocks === undefined) return choice;
  return { ...choice, span: stretched(choice.span, { length: capacityBlocks, blockCount }) };
}

/** The median speed of those that have measured theirs. */
function typicalSpeed(peers: readonly OtherPeer[]): number {
  const speeds = peers
    .map(({ body }) => body.decodeBlocksPerSecond)
    .filter((speed) => speed > 0)
    .sort((left, right) => left - right);
  return speeds[speeds.length >> 1] ?? blocksPerSecondGuess;
}

/** The span made longer, to its right as far as the model goes, else to its left. */
function stretched(span: Span, to: { length: number; blockCount: number }): Span {
  const end = Math.min(to.blockCount, Math.max(span.end, span.start + to.length));
  return { start: Math.min(span.start, end - to.length), end };
}

import { freemem } from 'node:os';
import type { Random } from '@skein/client/network';
import { type Ends, formatSpan, SkeinError, type Span, spanLength } from '@skein/protocol';
import type { PeerOptions } from '../peer-options.js';
import { chooseSpan } from '../placement/index.js';
import {
  chooseBlockCount,
  chooseKvTokensMax,
  kvBytesPerToken,
  rescaleKvTokensMax,
  typesInMemory,
} from './capacity.js';
import { bytesPerBlock, type HostedModel } from './hosted-model.js';
import { type MemberRecord, swarmOfRecords, typicalSpeed } from './swarm-of-records.js';

/** What a peer is going to host. */
export interface Placement {
  readonly span: Span;
  readonly ends: Ends;
  readonly kvTokensMax: number;
  /** Blocks that it could host. */
  readonly capacityBlocks: number;
  /** Why these blocks: for people. */
  readonly reason: string;
}

interface SwarmAround {
  readonly others: readonly MemberRecord[];
  readonly random: Random;
}

/**
 * Decides what to host: as told, or where the swarm is weakest.
 *
 * @throws SkeinError `bad-argument` for a span that the model does not have
 */
export function placePeer(options: PeerOptions, model: HostedModel, swarm: SwarmAround): Placement {
  const { config } = model.file;
  const freeBytes = (options.freeBytes ?? freemem)();
  const { span, capacityBlocks, reason } =
    options.span === undefined
      ? autoSpan(options, model, { ...swarm, freeBytes })
      : { span: options.span, capacityBlocks: spanLength(options.span), reason: 'as told' };
  if (span.start < 0 || span.end > config.blockCount || spanLength(span) <= 0) {
    throw new SkeinError(
      'bad-argument',
      `blocks ${formatSpan(span)} of a model of ${config.blockCount}: ` +
        `name some within 0:${config.blockCount}`,
    );
  }
  const bytesPerToken = kvBytesPerToken(config, {
    blocks: spanLength(span),
    kvType: typesInMemory(options).kvType,
  });
  const { contextLength } = config;
  const kvTokensMax =
    options.kvTokensMax ?? chooseKvTokensMax({ freeBytes, bytesPerToken, contextLength });
  return { span, ends: endsOf(span, config.blockCount), kvTokensMax, capacityBlocks, reason };
}

/** Whoever touches an end hosts it, so that clients need not download anything. */
function endsOf(span: Span, blockCount: number): Ends {
  return { embedding: span.start === 0, head: span.end === blockCount };
}

/** The same peer on another span, within the memory that its cache has. */
export function placeElsewhere(
  before: Placement,
  span: Span,
  peer: { readonly options: Pick<PeerOptions, 'kvTokensMax'>; readonly model: HostedModel },
): Placement {
  const { blockCount, contextLength } = peer.model.file.config;
  const { kvTokensMax } = before;
  const blocksBefore = spanLength(before.span);
  const blocks = spanLength(span);
  return {
    ...before,
    span,
    ends: endsOf(span, blockCount),
    kvTokensMax:
      peer.options.kvTokensMax ??
      rescaleKvTokensMax({ kvTokensMax, blocksBefore, blocks, contextLength }),
  };
}

function autoSpan(
  options: PeerOptions,
  model: HostedModel,
  swarm: SwarmAround & { readonly freeBytes: number },
): { span: Span; capacityBlocks: number; reason: string } {
  const { blockCount } = model.file.config;
  const blockBytes = bytesPerBlock(model.file, typesInMemory(options).weightType);
  const { freeBytes, others, random } = swarm;
  const capacityBlocks = Math.min(
    blockCount,
    options.numBlocks ?? chooseBlockCount({ freeBytes, bytesPerBlock: blockBytes, blockCount }),
  );
  if (!Number.isInteger(capacityBlocks) || capacityBlocks < 1) {
    throw new SkeinError('bad-argument', `a peer cannot host ${options.numBlocks} blocks`);
  }
  const { onDisk } = model;
  const newcomer = { capacityBlocks, blocksPerSecond: typicalSpeed(others), onDisk };
  const choice = chooseSpan(swarmOfRecords(others, blockCount), newcomer, { random });
  // Told how many, a peer hosts that many.
  if (options.numBlocks === undefined) return { ...choice, capacityBlocks };
  const span = stretched(choice.span, { length: capacityBlocks, blockCount });
  return { ...choice, span, capacityBlocks };
}

/** The span made longer, to its right as far as the model goes, else to its left. */
function stretched(span: Span, to: { length: number; blockCount: number }): Span {
  const end = Math.min(to.blockCount, Math.max(span.end, span.start + to.length));
  return { start: Math.min(span.start, end - to.length), end };
}

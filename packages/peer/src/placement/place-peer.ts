import { freemem } from 'node:os';
import { type Ends, formatSpan, SkeinError, type Span, spanLength } from '@skein/protocol';
import { bytesPerBlock, type HostedModel } from '../hosted-model.js';
import type { PeerOptions } from '../peer-options.js';
import { chooseBlockCount, chooseKvTokensMax, kvBytesPerToken } from './capacity.js';
import { chooseSpan, type PlacedPeer } from './choose-span.js';

/** What a peer is going to host. */
export interface Placement {
  readonly span: Span;
  readonly ends: Ends;
  readonly kvTokensMax: number;
  /** The span was chosen here, not by the operator. */
  readonly isAuto: boolean;
}

/**
 * Decides what to host: as told, or where the swarm is weakest.
 *
 * @param others records of the model's other peers
 * @throws SkeinError `bad-argument` for a span that the model does not have
 */
export function placePeer(
  options: PeerOptions,
  model: HostedModel,
  others: readonly PlacedPeer[],
): Placement {
  const { config } = model.file;
  const freeBytes = freemem();
  const span = options.span ?? autoSpan(options, model, { others, freeBytes });
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
    isAuto: options.span === undefined,
  };
}

function autoSpan(
  options: PeerOptions,
  model: HostedModel,
  swarm: { readonly others: readonly PlacedPeer[]; readonly freeBytes: number },
): Span {
  const { blockCount } = model.file.config;
  const blockBytes = bytesPerBlock(model.file, options.weightType ?? 'keep');
  const { freeBytes, others } = swarm;
  const length =
    options.numBlocks ?? chooseBlockCount({ freeBytes, bytesPerBlock: blockBytes, blockCount });
  return chooseSpan(others, { blockCount, length });
}

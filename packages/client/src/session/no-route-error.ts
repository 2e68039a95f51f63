import { formatSpan, SkeinError } from '@skein/protocol';
import type { NoRoute } from '../routing/snapshot.js';

/** The error for a swarm that does not cover a model: names what is missing and what helps. */
export function noRouteError(
  modelName: string,
  missing: NoRoute,
  options: { cause?: unknown; waitedMs?: number } = {},
): SkeinError {
  const spans = missing.missingBlocks.map(formatSpan);
  const parts: string[] = [];
  if (spans.length > 0) parts.push(`blocks ${spans.join(', ')}`);
  if (missing.isEmbeddingMissing) parts.push('the token embedding');
  if (missing.isHeadMissing) parts.push('the LM head');
  const lines = [
    parts.length > 0
      ? `no route through ${modelName}: no usable peer hosts ${parts.join(', ')}`
      : `no route through ${modelName}`,
  ];
  if (options.waitedMs) lines.push(`waited ${Math.round(options.waitedMs / 1000)} s for peers`);
  if (missing.needsMixedNumerics) {
    lines.push('peers of different numeric kinds would cover it: accept mixed numerics');
  }
  if (missing.needsShorterContext) {
    lines.push('its hosts cannot hold a context so long: ask for fewer tokens');
  }
  if (missing.unusablePeers.length > 0) {
    lines.push(`hosts that cannot be used now: ${missing.unusablePeers.join(', ')}`);
  }
  if (spans.length > 0) lines.push(`start a peer with: skein peer --blocks ${spans[0]}`);
  return new SkeinError('no-route', lines.join('; '), {
    cause: options.cause,
    details: {
      missingBlocks: missing.missingBlocks,
      isEmbeddingMissing: missing.isEmbeddingMissing,
      isHeadMissing: missing.isHeadMissing,
      needsMixedNumerics: missing.needsMixedNumerics,
      needsShorterContext: missing.needsShorterContext,
      unusablePeers: missing.unusablePeers,
    },
  });
}

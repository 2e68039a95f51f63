import { type Logits, limits, SkeinError, type TokenId } from '@skein/protocol';
import type { TopLogit } from '../generate/generation-types.js';
import { topLogitsOf } from '../generate/top-logits.js';
import { logitsRow, samplingLimits } from '../sampling/index.js';
import type { SwarmSession } from '../session/swarm-session.js';

/** How the model finds one token. */
export interface TokenScore {
  readonly logProbability: number;
  readonly isMostLikely: boolean;
  readonly topLogits: readonly TopLogit[];
}

/**
 * Scores the tokens from `from` on, given those before them. What the session has of the beginning
 * is not computed again.
 *
 * Row `i` of the logits tells of token `i + 1`, so the last token is never computed.
 * @throws SkeinError `bad-argument`, `context-exceeded`, `no-route`, `aborted`, `bad-output`
 */
export async function scoreTokens(
  session: SwarmSession,
  tokens: readonly TokenId[],
  options: { readonly from: number; readonly topLogits: number; readonly signal?: AbortSignal },
): Promise<{ scores: TokenScore[]; reusedTokens: number }> {
  const { from, topLogits } = options;
  const { vocabSize } = session.model;
  requireTopLogits(topLogits);
  const signal = options.signal === undefined ? {} : { signal: options.signal };
  const firstRow = from - 1;
  // Only whole steps of a fresh session, so that a score does not depend on what was scored before.
  const kept = session.commonLength(tokens.slice(0, firstRow), { isExact: true });
  await session.truncate(kept);
  if (kept < firstRow) {
    await session.extend(tokens.slice(kept, firstRow), { logits: 'none', ...signal });
  }
  const scores: TokenScore[] = [];
  const end = tokens.length - 1;
  for (let row = firstRow; row < end; row += rowsPerCall) {
    const rowEnd = Math.min(row + rowsPerCall, end);
    const logits = await session.extend(tokens.slice(row, rowEnd), {
      logits: 'all',
      topK: Math.max(1, topLogits),
      targets: tokens.slice(row + 1, rowEnd + 1),
      ...signal,
    });
    if (logits === null) throw new SkeinError('internal', 'no logits were returned');
    for (let index = 0; index < rowEnd - row; index += 1) {
      const target = tokens[row + index + 1] as TokenId;
      scores.push(scoreOf(logits, index, { target, topLogits, vocabSize }));
    }
  }
  return { scores, reusedTokens: kept };
}

/** Rows whose logits are held at once: some chunks, so that all hops have work. */
const rowsPerCall = 8 * limits.stepRowsMax;

function scoreOf(
  logits: Logits,
  rowIndex: number,
  wanted: { target: TokenId; topLogits: number; vocabSize: number },
): TokenScore {
  const { target, topLogits, vocabSize } = wanted;
  const row = logitsRow(logits, { rowIndex, vocabSize });
  const best = topLogitsOf(row, Math.max(1, topLogits));
  const logit = logits.targetLogits?.[rowIndex] ?? Number.NaN;
  return {
    logProbability: logit - (logits.logNormalisers[rowIndex] ?? Number.NaN),
    isMostLikely: best[0]?.id === target,
    topLogits: best.slice(0, topLogits),
  };
}

function requireTopLogits(count: number): void {
  const most = samplingLimits.topLogProbabilitiesMax;
  if (Number.isInteger(count) && count >= 0 && count <= most) return;
  const text = `topLogits must be a whole number from 0 to ${most}, got ${count}`;
  throw new SkeinError('bad-argument', text);
}

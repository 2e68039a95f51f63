import {
  type AheadSampling,
  isSkeinError,
  type Logits,
  limits,
  SkeinError,
  type TokenId,
} from '@skein/protocol';
import type { TokenConstraint } from '../grammar/index.js';
import {
  candidatesNeeded,
  type LogitsRow,
  logitsRow,
  randomFor,
  type SampleResult,
  type SamplingSettings,
  sample,
  type TokenHistory,
  type TokenMask,
} from '../sampling/index.js';
import type { SwarmSession } from '../session/swarm-session.js';
import type { TopLogit } from './generation-types.js';
import { topLogitsOf } from './top-logits.js';

/** What the choice of tokens depends on, for one generation. */
export interface SamplerState {
  readonly session: SwarmSession;
  readonly settings: SamplingSettings;
  readonly history: TokenHistory;
  readonly seed: number;
  /** Most likely tokens to be reported. */
  readonly topLogitCount: number;
  /** Holds the answer to its format; null: it is free. */
  readonly constraint: TokenConstraint | null;
  /**
   * Whether the next step asks for the whole row: the candidates would not have held the last token
   * that a format asked for. It is about traffic only.
   */
  wantsFullRow: boolean;
}

/** A chosen token. */
export type Choice = Extract<SampleResult, { kind: 'token' }> & {
  readonly topLogits: readonly TopLogit[];
};

/** Candidates that are usually asked for. */
const usualCandidates = 64;

/** Last hops in a row whose logits make no sense, before the generation is given up. */
const badOutputsMax = 4;

/**
 * Rules by which the last hop can draw the tokens of a generation too; null when the choice depends
 * on what it does not know: tokens before, a format, a bias.
 */
export function aheadSampling(state: SamplerState): AheadSampling | null {
  const { session, settings, constraint, seed } = state;
  const { repetitionPenalty, presencePenalty, frequencyPenalty, logitBias } = settings;
  const isFree =
    repetitionPenalty === 1 &&
    presencePenalty === 0 &&
    frequencyPenalty === 0 &&
    logitBias.size === 0 &&
    constraint === null;
  const isShort = session.model.vocabSize <= limits.topKMax || topKFor(state) > 0;
  if (!isFree || !isShort) return null;
  const { temperature, topP, minP } = settings;
  const topK = Math.min(settings.topK, limits.vocabSizeMax);
  return { temperature, topK, topP, minP, seed };
}

/** Candidates to ask for with the next step. */
export function topKFor(state: SamplerState): number {
  const { settings, history, session, topLogitCount, wantsFullRow } = state;
  if (wantsFullRow) return 0;
  const needed = candidatesNeeded(settings, { vocabSize: session.model.vocabSize, history });
  return needed === 0 ? 0 : Math.max(needed, topLogitCount);
}

/**
 * Chooses the token after a row of logits. Where the candidates do not decide, the last token is
 * computed again with the whole vocabulary; where they make no sense, on another last hop.
 */
export async function chooseToken(
  state: SamplerState,
  logits: Logits,
  options: { readonly signal?: AbortSignal; readonly tokensLeft: number },
): Promise<Choice> {
  const { session, constraint } = state;
  const { tokensLeft, ...rest } = options;
  const allowed = constraint?.allowed(tokensLeft) ?? null;
  let current = logits;
  for (let bad = 0; ; ) {
    try {
      const row = logitsRow(current, { rowIndex: 0, vocabSize: session.model.vocabSize });
      const result = sampleRow(state, row, allowed);
      if (result.kind === 'token') {
        if (constraint !== null) state.wantsFullRow = isFarDown(row, result.token);
        return { ...result, topLogits: topLogitsOf(row, state.topLogitCount) };
      }
    } catch (error) {
      bad += 1;
      const isBad = isSkeinError(error) && error.code === 'bad-output';
      if (!isBad || bad >= badOutputsMax) throw error;
      session.rejectOutput(error);
    }
    const again = await session.again({ topK: 0, ...rest });
    if (again === null) throw new SkeinError('internal', 'no logits were returned');
    current = again;
  }
}

function sampleRow(state: SamplerState, row: LogitsRow, allowed: TokenMask | null): SampleResult {
  const { session, settings, history, seed } = state;
  // The random number belongs to the position, so a repeated step draws the same token.
  const random = randomFor(settings, seed, session.length);
  return sample({ row, settings, history, random, allowed });
}

/** Whether so many tokens are likelier than this one that candidates would seldom hold it. */
function isFarDown(row: LogitsRow, token: TokenId): boolean {
  if (row.kind === 'top') return false;
  const logit = row.logits[token] ?? 0;
  let likelier = 0;
  for (const other of row.logits) if (other > logit) likelier += 1;
  return likelier >= usualCandidates;
}

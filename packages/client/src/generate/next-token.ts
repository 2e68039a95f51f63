import { isSkeinError, type Logits, SkeinError } from '@skein/protocol';
import {
  candidatesNeeded,
  type LogitsRow,
  logitsRow,
  type SampleResult,
  type SamplingSettings,
  sample,
  type TokenHistory,
  uniformAt,
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
}

/** A chosen token. */
export type Choice = Extract<SampleResult, { kind: 'token' }> & {
  readonly topLogits: readonly TopLogit[];
};

/** Last hops in a row whose logits make no sense, before the generation is given up. */
const badOutputsMax = 4;

/** Candidates to ask for with the next step. */
export function topKFor(state: SamplerState): number {
  const { settings, history, session, topLogitCount } = state;
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
  options: { signal?: AbortSignal },
): Promise<Choice> {
  const { session } = state;
  let current = logits;
  for (let bad = 0; ; ) {
    try {
      const row = logitsRow(current, { rowIndex: 0, vocabSize: session.model.vocabSize });
      const result = sampleRow(state, row);
      if (result.kind === 'token') {
        return { ...result, topLogits: topLogitsOf(row, state.topLogitCount) };
      }
    } catch (error) {
      bad += 1;
      const isBad = isSkeinError(error) && error.code === 'bad-output';
      if (!isBad || bad >= badOutputsMax) throw error;
      session.rejectOutput(error);
    }
    const again = await session.again({ topK: 0, ...options });
    if (again === null) throw new SkeinError('internal', 'no logits were returned');
    current = again;
  }
}

function sampleRow(state: SamplerState, row: LogitsRow): SampleResult {
  const { session, settings, history, seed } = state;
  // The random number belongs to the position, so a repeated step draws the same token.
  const random = settings.temperature === 0 ? 0 : uniformAt(seed, session.length);
  return sample({ row, settings, history, random });
}

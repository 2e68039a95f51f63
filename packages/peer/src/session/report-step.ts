import type { StepOutcome } from '@skein/protocol';
import type { StepTimes } from '../schedule/scheduler.js';
import type { HopSession, PendingStep } from './hop-session.js';

/** Between two turns of a conversation people think: that is no step. */
const pauseMsMax = 10_000;

/** What a step was, for counting. */
export interface StepReport {
  readonly isOk: boolean;
  readonly rows: number;
  readonly queueMs: number;
  readonly computeMs: number;
  /** It gave logits, of which a token is chosen. */
  readonly hasLogits: boolean;
  /** From the session's opening to its first logits; null for all others. */
  readonly firstTokenMs: number | null;
  /** From the logits before to these, within one answer; null for the first. */
  readonly sinceLogitsMs: number | null;
}

/** Books a step on its session, and tells what it was. */
export function reportStep(
  session: HopSession,
  done: {
    readonly step: PendingStep;
    readonly outcome: StepOutcome;
    readonly times: StepTimes;
    readonly nowMs: number;
  },
): StepReport {
  const { step, outcome, times, nowMs } = done;
  const { rows } = step.item;
  const hasLogits = outcome.ok && outcome.output.kind === 'logits';
  const before = session.logitsAtMs;
  if (outcome.ok) {
    session.steppedAtMs = nowMs;
    if (rows === 1) session.decoded += 1;
  }
  if (hasLogits) session.logitsAtMs = nowMs;
  const isNext = hasLogits && rows === 1 && before !== null && nowMs - before <= pauseMsMax;
  // A route begins in epoch 1. What is opened later is a replacement in the middle of an answer, and
  // its first logits are nobody's first token.
  const isFirst = hasLogits && before === null && session.open.epoch <= 1;
  return {
    isOk: outcome.ok,
    rows,
    queueMs: times.queueUs / 1000,
    computeMs: times.computeUs / 1000,
    hasLogits,
    firstTokenMs: isFirst ? nowMs - session.openedAtMs : null,
    sinceLogitsMs: isNext ? nowMs - before : null,
  };
}

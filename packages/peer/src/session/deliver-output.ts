import {
  bytesOf,
  encodeHidden,
  float32View,
  hasNonFinite,
  type Logits,
  limits,
  type ModelConfig,
  SkeinError,
  type StepMessage,
  type StepOutcome,
  type StepOutput,
  type Tensor,
  type TokenId,
} from '@skein/protocol';
import type { StepTimes } from '../schedule/scheduler.js';
import { checkStep, endsHere } from './check-step.js';
import type { HopSession, PendingStep } from './hop-session.js';
import type { OutgoingResult, OutgoingStep } from './outgoing.js';
import { drawAhead, stepAfter } from './run-ahead.js';
import { sessionLimits } from './session-limits.js';

/** An hour: what a trace can hold. */
const traceUsMax = 3_600_000_000;

/**
 * Sends what came of a step to where it belongs: the successor, the client in the successor's
 * place, or the client as a result.
 */
export function deliverOutput(
  session: HopSession,
  step: PendingStep,
  done: {
    readonly outcome: StepOutcome;
    readonly times: StepTimes;
    readonly config: ModelConfig;
    readonly nowMs: number;
  },
): void {
  const { message } = step;
  const { outcome, times, config, nowMs } = done;
  const context = { step: message.step, epoch: message.epoch };
  if (!outcome.ok) {
    session.sendError(outcome.error, context);
    return;
  }
  session.length += message.rows;
  const tensors = outputTensors(outcome.output, step, session);
  if (tensors.some(hasNonFinite)) {
    const text = `the output of step ${message.step} is not finite`;
    session.sendError(new SkeinError('bad-output', text), context);
    // The history must stay an unbroken stretch of what the session's length says.
    session.history.reset(session.length);
    return;
  }
  const [hidden] = tensors;
  if (!session.open.ends.head && hidden !== undefined) {
    const { step: number, rows, rowByRow = false } = message;
    session.history.append({ step: number, rows, rowByRow, tensor: hidden });
  }
  session.completed = message.step;
  // The session moved on while the step was computed.
  if (message.epoch !== session.epoch) return;
  const { output } = outcome;
  const next = output.kind === 'logits' ? drawAhead(session, message, { ...output, config }) : null;
  const finished: Finished = { tensors, trace: traceOf(message, times), next };
  if (next === null) {
    pass(session, message, finished);
    return;
  }
  goOn(session, message, { token: next, config, nowMs });
  // The engine first: the scheduler hands it the next step before this turn ends.
  queueMicrotask(() => pass(session, message, finished));
}

/** What goes out after a step. */
interface Finished {
  readonly tensors: readonly Tensor[];
  readonly trace: number[];
  /** The token that the session went on with. */
  readonly next: TokenId | null;
}

/** Begins the step after a token that this hop drew: here, or at the first hop. */
function goOn(
  session: HopSession,
  message: StepMessage,
  { token, config, nowMs }: { token: TokenId; config: ModelConfig; nowMs: number },
): void {
  const { message: onward, tensor } = stepAfter(message, session.length, token);
  const { ahead, open } = session;
  if (ahead !== null && ahead.loop !== null) {
    void ahead.loop.send(onward, [tensor]);
    return;
  }
  const step: StepMessage = { ...onward, tensors: [['i32', 1]] };
  const item = checkStep(step, tensor, { open, config });
  session.enqueue({ message: step, item, arrivedAtMs: nowMs });
}

function pass(session: HopSession, message: StepMessage, finished: Finished): void {
  const full = send(session, message, finished);
  if (full !== undefined) session.holdUntil(full);
  // After the successor, which somebody waits for.
  session.feeds.pump();
  if (session.channel.bufferedBytes > sessionLimits.unreadBytesMax) {
    session.channel.abort(new SkeinError('limit-exceeded', 'the client does not read its results'));
  }
}

function send(
  session: HopSession,
  message: StepMessage,
  { tensors, trace, next }: Finished,
): Promise<void> | undefined {
  const { successor } = session;
  if (endsHere(message, session.open) || successor === null) {
    const { step, epoch } = message;
    const result: OutgoingResult = {
      type: 'result',
      step,
      epoch,
      position: session.length,
      trace,
    };
    if (next !== null) result.next = next;
    const isLogits = session.open.ends.head && !endsHere(message, session.open);
    return session.reply(result, isLogits ? tensors : []);
  }
  const onward = forwarded(message, trace);
  if (successor.kind === 'client') return session.reply(onward, tensors);
  return session.link?.send(onward, tensors);
}

/** The step as the successor gets it. */
function forwarded(message: StepMessage, trace: number[]): OutgoingStep {
  const { step, epoch, position, rows, logits, topK, targets, until, rowByRow } = message;
  const onward: OutgoingStep = { type: 'step', step, epoch, position, rows, trace };
  if (logits !== undefined) onward.logits = logits;
  if (topK !== undefined) onward.topK = topK;
  if (targets !== undefined) onward.targets = targets;
  if (until !== undefined) onward.until = until;
  if (rowByRow !== undefined) onward.rowByRow = rowByRow;
  return onward;
}

function traceOf(message: StepMessage, times: StepTimes): number[] {
  const trace = message.trace.slice(0, 2 * limits.hopsMax - 2);
  trace.push(Math.min(times.queueUs, traceUsMax), Math.min(times.computeUs, traceUsMax));
  return trace;
}

function outputTensors(output: StepOutput, step: PendingStep, session: HopSession): Tensor[] {
  if (output.kind === 'none') return [];
  if (output.kind === 'logits') return logitsTensors(output.logits);
  const { type, bytes } = output;
  const { wireType } = session.open;
  const shape = [step.message.rows, session.hiddenSize];
  if (wireType === 'int8') return [encodeHidden(float32View(bytes), shape, wireType)];
  return [{ type, shape, bytes }];
}

function logitsTensors(answer: Logits): Tensor[] {
  const { ids, logits, logNormalisers, targetLogits, rowCount, width } = answer;
  const shape = [rowCount, width];
  const tensors: Tensor[] = [
    { type: 'f32', shape, bytes: bytesOf(logits) },
    { type: 'f32', shape: [rowCount], bytes: bytesOf(logNormalisers) },
  ];
  if (ids !== null) tensors.unshift({ type: 'i32', shape, bytes: bytesOf(ids) });
  if (targetLogits !== undefined) {
    tensors.push({ type: 'f32', shape: [rowCount], bytes: bytesOf(targetLogits) });
  }
  return tensors;
}

import { isSkeinError, limits, type Received, type StepMessage } from '@skein/protocol';
import { checkStep } from '../check-step.js';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/**
 * Takes a step from the predecessor or the client. The promise, if any, settles when the queue has
 * room for more: until then nothing is read from the stream that it came on.
 *
 * @throws SkeinError `protocol-violation`, `bad-argument`, which end that stream
 */
export function handleStep(
  host: SessionHost,
  session: HopSession,
  received: Received<StepMessage>,
): Promise<void> | undefined {
  const { message } = received;
  // A late frame of a dead route.
  if (session.isClosed || message.epoch < session.epoch) return undefined;
  const arrivedAtMs = performance.now();
  try {
    const item = checkStep(message, received.tensors[0], {
      open: session.open,
      config: host.engine.info.config,
    });
    session.received = Math.max(session.received ?? 0, message.step);
    session.enqueue({ message, item, arrivedAtMs, skipped: 0 });
  } catch (error) {
    if (!isSkeinError(error) || error.code !== 'limit-exceeded') throw error;
    session.sendError(error, { step: message.step, epoch: message.epoch });
    return undefined;
  }
  return session.queuedSteps > limits.stepsQueuedPerSessionMax ? session.room() : undefined;
}

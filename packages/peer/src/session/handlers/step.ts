import {
  hasNonFinite,
  isSkeinError,
  limits,
  type PeerId,
  type Received,
  SkeinError,
  type StepMessage,
} from '@skein/protocol';
import { checkStep } from '../check-step.js';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/**
 * Takes a step from the predecessor or the client. The promise, if any, settles when the queue has
 * room for more: until then nothing is read from the stream that it came on.
 *
 * @param predecessor who sent it over a push stream; null for the client
 * @throws SkeinError `protocol-violation`, `bad-argument`, which end that stream
 */
export function handleStep(
  host: SessionHost,
  session: HopSession,
  received: Received<StepMessage>,
  predecessor: PeerId | null,
): Promise<void> | undefined {
  const { message } = received;
  // A late frame of a dead route.
  if (session.isClosed || message.epoch < session.epoch) return undefined;
  const arrivedAtMs = host.now();
  try {
    const item = checkStep(message, received.tensors[0], {
      open: session.open,
      config: host.engine.info.config,
    });
    if (received.tensors.some(hasNonFinite)) {
      throw new SkeinError('bad-output', `the input of step ${message.step} is not finite`);
    }
    session.enqueue({ message, item, arrivedAtMs });
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    const { step, epoch } = message;
    if (predecessor !== null && isBadInput(error)) {
      const { message: text } = error;
      const badOutput = new SkeinError('bad-output', text, { cause: error });
      session.sendError(badOutput, { step, epoch, about: predecessor });
      return undefined;
    }
    if (error.code !== 'limit-exceeded' && error.code !== 'bad-output') throw error;
    session.sendError(error, { step, epoch });
    return undefined;
  }
  return session.queuedSteps > limits.stepsQueuedPerSessionMax ? session.room() : undefined;
}

/** What came is no output of a predecessor: the client has to know whose fault that is. */
function isBadInput({ code }: SkeinError): boolean {
  return code === 'bad-output' || code === 'protocol-violation';
}

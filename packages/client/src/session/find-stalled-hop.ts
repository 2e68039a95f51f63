import type { ProbedMessage } from '@skein/protocol';

/** Why a step is late, by what the hops answered when they were probed. */
export type Stall =
  /** These hops did not answer. */
  | { readonly kind: 'silent'; readonly hops: readonly number[] }
  /** This hop has the step and nothing else to do, yet does not complete it. */
  | { readonly kind: 'stuck'; readonly hop: number }
  /** This hop has the step in a queue with other sessions' rows. */
  | { readonly kind: 'busy'; readonly hop: number }
  /** The hop before this one completed the step, but this one did not get it. */
  | { readonly kind: 'edge'; readonly hop: number };

/**
 * Finds where a step is held up.
 *
 * @param answers of the hops that the step passes, in order; null from a hop that did not answer
 * @param late the oldest unanswered step, and the rows of this session that are on their way
 */
export function findStalledHop(
  answers: readonly (ProbedMessage | null)[],
  late: { readonly step: number; readonly rowsInFlight: number },
): Stall {
  const silent = answers.flatMap((answer, hop) => (answer === null ? [hop] : []));
  if (silent.length > 0) return { kind: 'silent', hops: silent };
  for (const [hop, answer] of answers.entries()) {
    if (answer === null) continue;
    const hasReceived = answer.received !== null && answer.received >= late.step;
    const hasCompleted = answer.completed !== null && answer.completed >= late.step;
    if (hasCompleted) continue;
    if (!hasReceived) return { kind: 'edge', hop };
    // Rows beyond our own are other sessions': the hop is slow because many use it.
    return { kind: answer.queuedRows > late.rowsInFlight ? 'busy' : 'stuck', hop };
  }
  // All completed it, yet no result came: the last hop owes it.
  return { kind: 'stuck', hop: answers.length - 1 };
}

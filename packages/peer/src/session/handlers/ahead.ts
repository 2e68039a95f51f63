import { resolveSamplingOptions } from '@skein/client/sampling';
import { type AheadMessage, SkeinError } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/**
 * Lets a session go on to a position by itself, or no further. Not answered: the results tell.
 *
 * @throws SkeinError `protocol-violation` to a hop that cannot draw tokens, or has no plan to
 */
export function handleAhead(host: SessionHost, session: HopSession, message: AheadMessage): void {
  const { epoch, to, plan } = message;
  if (session.isClosed || epoch !== session.epoch) return;
  const { head, embedding } = session.open.ends;
  if (!head) throw new SkeinError('protocol-violation', '`ahead` to a hop without the head');
  if (plan === undefined) {
    if (session.ahead !== null) session.ahead.to = to;
    else if (to > 0) throw new SkeinError('protocol-violation', '`ahead` without a plan');
    return;
  }
  const { sampling, first } = plan;
  if (first === null && !embedding) {
    throw new SkeinError('protocol-violation', '`ahead` names no hop with the embedding');
  }
  const loop = first === null ? null : host.loopTo(session, first);
  const { seed, ...rest } = sampling;
  session.ahead = { to, settings: resolveSamplingOptions(rest), seed, loop };
}

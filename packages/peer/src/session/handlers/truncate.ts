import type { TruncateMessage } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/** Forgets tokens and moves to a new epoch; answers `truncated`. */
export async function handleTruncate(
  host: SessionHost,
  session: HopSession,
  message: TruncateMessage,
): Promise<void> {
  const { epoch } = message;
  if (epoch < session.epoch) return;
  session.enterEpoch(epoch);
  await session.control(async () => {
    const position = Math.min(message.position, session.length);
    if (position < session.length) {
      await host.engine.truncate(session.id, position);
      session.length = position;
      session.history.truncate(position);
    }
    // A link that failed may well work now; if not, the next output tells.
    if (session.link !== null && !session.link.isUsable) host.linkTo(session, session.successor);
    // A hop with the head keeps no outputs: there is nobody after it.
    const { start, end } = session.history;
    const historyStart = end === position ? start : position;
    void session.reply({ type: 'truncated', epoch, position, historyStart });
  });
}

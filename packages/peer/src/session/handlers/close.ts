import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/** Frees the session, answers `closed`, and ends the stream. */
export function handleClose(host: SessionHost, session: HopSession): void {
  void session.reply({ type: 'closed' });
  host.remove(session);
  void session.channel.close();
}

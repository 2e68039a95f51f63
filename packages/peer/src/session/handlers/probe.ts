import type { ProbeMessage } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/** Tells how far the session is, at once. */
export function handleProbe(host: SessionHost, session: HopSession, message: ProbeMessage): void {
  void session.reply({
    type: 'probed',
    probe: message.probe,
    received: session.received,
    completed: session.completed,
    queuedRows: host.queuedRows,
  });
}

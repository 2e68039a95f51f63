import type { LinkMessage } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/** Sends outputs to another successor, and to standbys, from now on; answers `linked`. */
export async function handleLink(
  host: SessionHost,
  session: HopSession,
  message: LinkMessage,
): Promise<void> {
  const { epoch, successor } = message;
  if (epoch < session.epoch) return;
  if (epoch > session.epoch) session.enterEpoch(epoch);
  await session.control(async () => {
    host.linkTo(session, successor);
    session.link?.prepare();
    // The client moved on: it names standbys anew when the route stands.
    if (epoch === session.epoch) session.feeds.replace(message.standbys ?? []);
    void session.reply({ type: 'linked', epoch });
  });
}

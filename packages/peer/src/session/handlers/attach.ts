import type { MessageChannel } from '@skein/client/network';
import { type AttachMessage, SkeinError } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { OutgoingToPredecessor } from '../outgoing.js';
import type { SessionHost } from '../session-host.js';
import { sessionLimits } from '../session-limits.js';

/**
 * Joins a predecessor's push stream to its session and answers `attached`. The session may not be
 * open yet: predecessor and client come over different paths.
 *
 * @throws SkeinError `session-unknown`, `busy`, which end the stream
 */
export async function handleAttach(
  host: SessionHost,
  channel: MessageChannel<OutgoingToPredecessor>,
  message: AttachMessage,
): Promise<HopSession> {
  const session = host.find(message.session) ?? (await host.waitFor(message.session));
  void channel.send({ type: 'attached' });
  const channels = session.pushChannels;
  channels.add(channel);
  if (channels.size > sessionLimits.pushStreamsPerSessionMax) {
    const [oldest] = channels;
    if (oldest !== undefined) {
      channels.delete(oldest);
      oldest.abort(new SkeinError('limit-exceeded', 'too many push streams into one session'));
    }
  }
  return session;
}

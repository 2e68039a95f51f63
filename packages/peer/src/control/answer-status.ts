import type { ChannelAcceptor } from '@skein/client/network';
import type { StatusMessage, StatusRequest } from '@skein/protocol';

/**
 * Answers an observer how this peer is, as often as it asks on its stream.
 *
 * @param describe throws SkeinError `busy` before the peer is ready
 */
export function answerStatus(
  describe: () => Omit<StatusMessage, 'type'>,
): ChannelAcceptor<StatusRequest, StatusMessage> {
  return (channel) => ({
    answersErrors: true,
    // One at a time: a slow reader does not make answers pile up.
    onMessage: () => channel.send({ type: 'status', ...describe() }),
    onClose: () => undefined,
  });
}

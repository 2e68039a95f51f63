import { type ErrorCode, type HandOverMessage, SkeinError, toSkeinError } from '@skein/protocol';
import { cachePieces, checkCacheRange } from '../cache-pieces.js';
import { CacheStream } from '../cache-stream.js';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/**
 * Sends a part of the session's cache to the peer that takes over, and answers `handed-over`,
 * whatever becomes of it. Steps wait; a newer epoch breaks it off.
 *
 * @throws SkeinError `protocol-violation` when there is no such part
 */
export async function handleHandOver(
  host: SessionHost,
  session: HopSession,
  message: HandOverMessage,
): Promise<void> {
  const { epoch, span, to } = message;
  if (epoch < session.epoch) return;
  if (epoch > session.epoch) session.enterEpoch(epoch);
  await session.control(async () => {
    // The client gave up while this waited for its turn.
    if (epoch < session.epoch) return;
    const range = { span, from: 0, to };
    checkCacheRange(session, range);
    const stream = new CacheStream(message);
    session.cacheStream = stream;
    let bytes = 0;
    let failure: ErrorCode | null = null;
    try {
      await stream.open(host.node, host.clock);
      for await (const piece of cachePieces(host, session, range)) {
        await stream.send(piece);
        for (const tensor of piece.tensors) bytes += tensor.bytes.byteLength;
      }
      stream.close();
    } catch (error) {
      failure = toSkeinError(error).code;
      stream.abort(new SkeinError('stream-closed', 'the hand-over broke off'));
    }
    session.cacheStream = null;
    void session.reply({ type: 'handed-over', epoch, bytes, ...(failure && { failure }) });
  });
}

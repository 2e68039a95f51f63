import type { KvExportMessage } from '@skein/protocol';
import { cachePieces, checkCacheRange } from '../cache-pieces.js';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/**
 * Sends cached keys and values, block by block, in pieces.
 *
 * @throws SkeinError `protocol-violation`
 */
export async function handleKvExport(
  host: SessionHost,
  session: HopSession,
  message: KvExportMessage,
): Promise<void> {
  await session.control(async () => {
    checkCacheRange(session, message);
    for await (const { message: piece, tensors } of cachePieces(host, session, message)) {
      await session.reply(piece, tensors);
    }
  });
}

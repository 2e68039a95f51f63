import {
  isSkeinError,
  type KvMessage,
  type PeerId,
  type Received,
  SkeinError,
} from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';
import { importPiece } from './kv-import.js';

/**
 * Takes a piece of the cache of a peer that leaves, over its push stream. The client hears
 * `kv-imported` after the last one, or what is wrong with one; the session goes on in either case.
 *
 * @throws SkeinError `protocol-violation` when the client named no such peer, `bad-output`,
 *   `kv-full`, which end the push stream
 */
export async function handleTakeOver(
  host: SessionHost,
  session: HopSession,
  { message, tensors }: Received<KvMessage>,
  donor: PeerId,
): Promise<void> {
  // Whoever knows the session's id may push rows into it; a cache is taken on the client's word.
  if (session.open.takesOverFrom !== donor) {
    throw new SkeinError('protocol-violation', 'a cache from a peer that none is expected from');
  }
  try {
    await session.control(async () => {
      // The client gave up on it, or has all it wanted: a late piece must not spoil that.
      if (session.epoch !== session.open.epoch || session.length > 0) return;
      await importPiece(host, session, message, tensors);
    });
  } catch (error) {
    const { received, epoch } = session;
    const isDonors = isSkeinError(error) && error.blame === 'peer';
    session.sendError(error, { step: received ?? 0, epoch, ...(isDonors && { about: donor }) });
    throw error;
  }
}

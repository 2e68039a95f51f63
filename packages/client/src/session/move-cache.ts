import { isErrorCode, type SessionId, SkeinError, type Span } from '@skein/protocol';
import type { Clock } from '../clock.js';
import type { Hop } from './hop.js';
import { PieceSequence } from './piece-sequence.js';
import type { MovedCache } from './session-types.js';

/** Fills the cache of a new hop from hops that have it. */
export interface CacheMove {
  readonly taker: Hop;
  /** The session's id on the taker, and the epoch of the move. */
  readonly session: SessionId;
  readonly epoch: number;
  /** Who gives which blocks, in order. */
  readonly parts: readonly { readonly donor: Hop; readonly span: Span }[];
  readonly tokens: number;
  readonly timeoutMs: number;
}

/**
 * Whether one hop has all that the taker needs, and another machine: then it can send it there
 * itself, and the taker must have been opened to take it from this peer.
 */
export function directDonor({ taker, parts }: Pick<CacheMove, 'taker' | 'parts'>): Hop | null {
  const [part, ...others] = parts;
  if (part === undefined || others.length > 0 || part.donor.peer === taker.peer) return null;
  return part.donor;
}

/**
 * Moves a cache from peer to peer, or through this client where they cannot reach each other.
 * @throws SkeinError of whatever kept it from coming; the taker may then hold a part of it
 */
export async function moveCache(move: CacheMove, clock: Clock): Promise<MovedCache> {
  const startedAtMs = clock.now();
  const spentMs = () => clock.now() - startedAtMs;
  const donor = directDonor(move);
  const direct = donor === null ? null : await moveDirectly(move, donor);
  const path = direct === null ? 'client' : 'direct';
  const remainingMs = Math.max(1, move.timeoutMs - spentMs());
  const bytes = direct ?? (await moveThroughClient({ ...move, timeoutMs: remainingMs }));
  return { tokens: move.tokens, bytes, transferMs: spentMs(), path };
}

/** Returns the bytes that the donor says it sent; null when it cannot reach the taker. */
async function moveDirectly(move: CacheMove, donor: Hop): Promise<number | null> {
  const { taker, session, epoch, tokens, timeoutMs } = move;
  const { peer, multiaddrs } = taker;
  const imported = taker.imported({ timeoutMs });
  // The donor's answer may be what ends the wait.
  imported.catch(() => {});
  const asked = { epoch, span: taker.span, to: tokens, peer, multiaddrs: [...multiaddrs], session };
  const answered = donor.handOver(asked, { timeoutMs });
  answered.catch(() => {});
  const refused = new Promise<'unreachable'>((resolve, reject) => {
    answered.then(({ failure }) => {
      if (failure === 'peer-unreachable') resolve('unreachable');
      else if (failure !== undefined) {
        const code = isErrorCode(failure) ? failure : 'internal';
        reject(new SkeinError(code, 'the hand-over broke off', { peer: donor.peer }));
      }
    }, reject);
  });
  const outcome = await Promise.race([imported, refused]);
  if (outcome === 'unreachable') return null;
  checkLength(outcome, move);
  return (await answered).bytes;
}

async function moveThroughClient(move: CacheMove): Promise<number> {
  const { taker, parts, tokens, timeoutMs } = move;
  const imported = taker.imported({ timeoutMs });
  imported.catch(() => {});
  let bytes = 0;
  for (const [index, { donor, span }] of parts.entries()) {
    const sequence = new PieceSequence(span, tokens);
    const isLastPart = index === parts.length - 1;
    await donor.exportCache(
      { span, from: 0, to: tokens },
      {
        timeoutMs,
        onPiece: (received) => {
          bytes += sequence.accept(received);
          const { tensors: _layouts, length, ...piece } = received.message;
          const message = isLastPart && length !== undefined ? { ...piece, length } : piece;
          return sendPiece(taker, message, received.tensors);
        },
      },
    );
  }
  checkLength(await imported, move);
  return bytes;
}

/** A taker that is gone fails by itself: it is not the donor's fault. */
function sendPiece(taker: Hop, ...piece: Parameters<Hop['sendPiece']>): Promise<void> | undefined {
  try {
    return taker.sendPiece(...piece);
  } catch {
    return undefined;
  }
}

function checkLength(length: number, { taker, tokens }: CacheMove): void {
  if (length === tokens) return;
  const text = `${length} tokens came instead of ${tokens}`;
  throw new SkeinError('bad-output', text, { peer: taker.peer });
}

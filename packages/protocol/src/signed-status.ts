import type { Ed25519PublicKey, PrivateKey } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import * as z from 'zod';
import { SkeinError } from './errors.js';
import { unpackHeader } from './header-codec.js';
import type { PeerId } from './ids.js';
import { limits } from './limits.js';
import { count } from './messages/common.js';
import { type StatusMessage, statusSchema } from './messages/status.js';
import { parseMessage } from './parse-message.js';
import { checkSigningKey, isSignedBy, readEnvelope, signEnvelope } from './signed-envelope.js';

/**
 * Signed statuses: `docs/protocol.md`, "Reports". A status that a peer signed can be passed on by
 * another, which can withhold it, and cannot change it.
 */

const signedStatusBodySchema = z.strictObject({
  version: z.literal(1),
  /** Milliseconds since 1970, on the clock of the peer. */
  issuedAtMs: count(Number.MAX_SAFE_INTEGER),
  status: statusSchema,
});

/** A status whose signature and time were checked. */
export interface VerifiedStatus {
  readonly status: StatusMessage;
  /** On the clock of the peer that signed it: of two, the higher is the newer. */
  readonly issuedAtMs: number;
}

/**
 * Signs a peer's own status.
 *
 * @param options.privateKey Ed25519: that of the peer's id
 * @param options.issuedAtMs milliseconds since 1970
 * @returns the envelope's bytes
 * @throws SkeinError `bad-argument` for another kind of key, `limit-exceeded` when it takes more than
 *   `limits.signedStatusBytesMax`
 */
export function signStatus(
  status: StatusMessage,
  { privateKey, issuedAtMs }: { readonly privateKey: PrivateKey; readonly issuedAtMs: number },
): Promise<Uint8Array> {
  checkSigningKey('status', privateKey);
  const body = { version: 1, issuedAtMs, status };
  const bytesMax = limits.signedStatusBytesMax;
  return signEnvelope('status', body, { privateKey, bytesMax, advice: 'tell of less' });
}

/**
 * Checks a status that somebody passed on. The signature comes before the schema, which costs more.
 *
 * @param options.peer whose status it is said to be
 * @param options.now milliseconds since 1970
 * @throws SkeinError `bad-message` for one that is malformed, forged or another peer's;
 *   `record-expired` for one outside of its time
 */
export async function verifySignedStatus(
  bytes: Uint8Array,
  { peer, now }: { readonly peer: PeerId; readonly now: number },
): Promise<VerifiedStatus> {
  const envelope = readEnvelope('status', bytes, limits.signedStatusBytesMax);
  if (!(await isSignedBy(publicKeyOf(peer), 'status', envelope))) {
    throw new SkeinError('bad-message', `status: signature is not that of ${peer}`);
  }
  const body = parseMessage(signedStatusBodySchema, unpackHeader(envelope.body), 'status');
  checkTime(body.issuedAtMs, now);
  return { status: body.status, issuedAtMs: body.issuedAtMs };
}

/** Clocks may differ: a status that is passed on late is told from a new one by its order. */
function checkTime(issuedAtMs: number, now: number): void {
  const ageMs = now - issuedAtMs;
  const isOld = ageMs > limits.signedStatusAgeMsMax + limits.clockSkewMsMax;
  if (!isOld && ageMs >= -limits.clockSkewMsMax) return;
  const when = isOld ? `${ageMs} ms ago` : `${-ageMs} ms in the future`;
  throw new SkeinError('record-expired', `status: issued ${when}`, {
    details: { now, issuedAtMs },
  });
}

function publicKeyOf(peer: PeerId): Ed25519PublicKey {
  try {
    const id = peerIdFromString(peer);
    if (id.type === 'Ed25519') return id.publicKey;
  } catch (cause) {
    throw new SkeinError('bad-message', `status: ${peer} is not a peer id`, { cause });
  }
  throw new SkeinError('bad-message', `status: ${peer} has no Ed25519 key`);
}

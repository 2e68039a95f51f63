import type { Ed25519PublicKey, PrivateKey } from '@libp2p/interface';
import * as z from 'zod';
import { SkeinError } from './errors.js';
import { packHeader, unpackHeader } from './header-codec.js';
import { parseMessage } from './parse-message.js';

/**
 * Signed bytes: `docs/protocol.md`, "Records". An envelope is the msgpack array `[body, signature]`
 * of two binaries; the signature is over the body's bytes as they came, so nobody has to agree on a
 * canonical encoding.
 */

/**
 * What is signed: bytes of this kind begin with a prefix of their own, so that a signature over one
 * can be mistaken for no other.
 */
export type SignedKind = 'record' | 'status';

const signatureBytes = 64;

const envelopeSchema = z.tuple([
  z.instanceof(Uint8Array),
  z.instanceof(Uint8Array).refine((signature) => signature.byteLength === signatureBytes),
]);

/** An envelope that was read, and not verified yet. */
export interface Envelope {
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/**
 * Signs a body.
 *
 * @param privateKey Ed25519
 * @returns the envelope's bytes
 * @throws SkeinError `bad-argument` for a key of another kind, `limit-exceeded` when the envelope takes
 *   more than `bytesMax`
 */
export async function signEnvelope(
  kind: SignedKind,
  body: object,
  { privateKey, bytesMax, advice }: { privateKey: PrivateKey; bytesMax: number; advice: string },
): Promise<Uint8Array> {
  const bodyBytes = packHeader(body);
  const signature = await privateKey.sign(signatureInput(kind, bodyBytes));
  const envelope = packHeader([bodyBytes, signature]);
  if (envelope.byteLength > bytesMax) {
    throw new SkeinError(
      'limit-exceeded',
      `${kind} of ${envelope.byteLength} bytes; at most ${bytesMax} are allowed: ${advice}`,
    );
  }
  return new Uint8Array(envelope);
}

/** @throws SkeinError `bad-argument` for another kind of key than Ed25519 */
export function checkSigningKey(kind: SignedKind, privateKey: PrivateKey): void {
  if (privateKey.type === 'Ed25519') return;
  throw new SkeinError('bad-argument', `a ${kind} is signed with Ed25519, not ${privateKey.type}`);
}

/** @throws SkeinError `bad-message` for bytes that are no envelope, or over the limit */
export function readEnvelope(kind: SignedKind, bytes: Uint8Array, bytesMax: number): Envelope {
  if (bytes.byteLength > bytesMax) {
    const problem = `${kind}: of ${bytes.byteLength} bytes; at most ${bytesMax} are allowed`;
    throw new SkeinError('bad-message', problem);
  }
  const [body, signature] = parseMessage(envelopeSchema, unpackHeader(bytes), kind);
  return { body, signature };
}

/** Tells whether an envelope was signed with the private half of a key. */
export async function isSignedBy(
  key: Ed25519PublicKey,
  kind: SignedKind,
  { body, signature }: Envelope,
): Promise<boolean> {
  try {
    return await key.verify(signatureInput(kind, body), signature);
  } catch {
    // Some platforms throw for a key that is no point of the curve.
    return false;
  }
}

function signatureInput(kind: SignedKind, body: Uint8Array): Uint8Array {
  const prefix = new TextEncoder().encode(`skein-${kind}:`);
  const input = new Uint8Array(prefix.byteLength + body.byteLength);
  input.set(prefix);
  input.set(body, prefix.byteLength);
  return input;
}

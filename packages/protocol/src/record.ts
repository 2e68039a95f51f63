import { publicKeyFromProtobuf, publicKeyToProtobuf } from '@libp2p/crypto/keys';
import type { Ed25519PublicKey, PrivateKey } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import * as z from 'zod';
import { SkeinError } from './errors.js';
import { unpackHeader } from './header-codec.js';
import type { PeerId } from './ids.js';
import { limits } from './limits.js';
import { type RecordBody, recordBodySchema } from './messages/control.js';
import { parseMessage } from './parse-message.js';
import { plainBytes } from './plain-bytes.js';
import { checkSigningKey, isSignedBy, readEnvelope, signEnvelope } from './signed-envelope.js';

/** Signed peer records: `docs/protocol.md`, "Records". */

/** A record whose signature, times and ranges were checked. */
export interface VerifiedRecord {
  readonly body: RecordBody;
  /** Who signed it. */
  readonly peerId: PeerId;
  /** The envelope, to be passed on as it is. */
  readonly bytes: Uint8Array;
}

/** libp2p's protobuf of an Ed25519 public key: type 1, then 32 bytes. */
const ed25519Prefix = [0x08, 0x01, 0x12, 0x20];
const ed25519KeyBytes = ed25519Prefix.length + 32;

/** What a peer says of itself; `version` and `publicKey` are filled in when it is signed. */
export type UnsignedRecord = Omit<RecordBody, 'version' | 'publicKey'>;

/**
 * Signs a record.
 *
 * @param privateKey Ed25519
 * @returns the envelope's bytes
 * @throws SkeinError `bad-argument` when the record is one that {@link verifyRecord} would refuse,
 *   `limit-exceeded` when it takes more than `limits.recordBytesMax`
 */
export async function signRecord(
  record: UnsignedRecord,
  privateKey: PrivateKey,
): Promise<Uint8Array> {
  checkSigningKey('record', privateKey);
  const publicKey = plainBytes(publicKeyToProtobuf(privateKey.publicKey));
  const parsed = recordBodySchema.safeParse({ ...record, version: 1, publicKey });
  if (!parsed.success) {
    throw new SkeinError('bad-argument', `record: ${z.prettifyError(parsed.error)}`);
  }
  const problem = problemOf(parsed.data);
  if (problem !== null) throw new SkeinError('bad-argument', `record: ${problem}`);
  return await signEnvelope('record', parsed.data, {
    privateKey,
    bytesMax: limits.recordBytesMax,
    advice: 'announce fewer or shorter addresses',
  });
}

/**
 * Checks a record from the network. The cheap checks come first, so that a flood of bad records
 * costs few signature checks.
 *
 * @param options.now milliseconds since 1970
 * @throws SkeinError `bad-message` for a record that is malformed or forged, which no honest peer
 *   passes on; `record-expired` for one outside of its time, which may be nobody's fault
 */
export async function verifyRecord(
  bytes: Uint8Array,
  options: { readonly now: number },
): Promise<VerifiedRecord> {
  const envelope = readEnvelope('record', bytes, limits.recordBytesMax);
  const body = parseMessage(recordBodySchema, unpackHeader(envelope.body), 'record');
  const problem = problemOf(body);
  if (problem !== null) throw badRecord(problem);
  checkTime(body, options.now);
  const publicKey = readPublicKey(body.publicKey);
  if (!(await isSignedBy(publicKey, 'record', envelope))) throw badRecord('signature is wrong');
  // A copy, so that a record that is kept does not pin the chunk that it arrived in.
  const peerId = peerIdFromPublicKey(publicKey).toString() as PeerId;
  return { body, peerId, bytes: new Uint8Array(bytes) };
}

/**
 * The record that counts, of two of one peer: the higher sequence. A peer that signs two records
 * under one sequence breaks the rules; the order of their bytes then makes all members agree.
 *
 * @throws SkeinError `bad-argument` for records of different peers
 */
export function selectNewer(left: VerifiedRecord, right: VerifiedRecord): VerifiedRecord {
  if (left.peerId !== right.peerId) {
    throw new SkeinError('bad-argument', `records of ${left.peerId} and ${right.peerId}`);
  }
  if (left.body.sequence !== right.body.sequence) {
    return left.body.sequence > right.body.sequence ? left : right;
  }
  return compareBytes(left.bytes, right.bytes) >= 0 ? left : right;
}

/** What is wrong with a record at any time, beyond the ranges of its fields, or null. */
function problemOf(body: RecordBody): string | null {
  if (body.span.end > body.blockCount) {
    return `span: ends at ${body.span.end}, but the model has ${body.blockCount} blocks`;
  }
  const next = body.nextSpan;
  if (next !== undefined && (next.end > body.blockCount || next.start === next.end)) {
    const named = `${next.start}:${next.end}`;
    return `nextSpan: ${named} are no blocks of a model that has ${body.blockCount}`;
  }
  const lifetimeMs = body.expiresAtMs - body.issuedAtMs;
  if (lifetimeMs <= 0) return 'expiresAtMs: not after issuedAtMs';
  if (lifetimeMs > limits.recordLifetimeMsMax) {
    const lifetimeMsMax = limits.recordLifetimeMsMax;
    return `expiresAtMs: ${lifetimeMs} ms of life; at most ${lifetimeMsMax} are allowed`;
  }
  return null;
}

function checkTime(body: RecordBody, now: number): void {
  const details = { now, issuedAtMs: body.issuedAtMs, expiresAtMs: body.expiresAtMs };
  if (now >= body.expiresAtMs) {
    const ageMs = now - body.expiresAtMs;
    throw new SkeinError('record-expired', `record: expired ${ageMs} ms ago`, { details });
  }
  const aheadMs = body.issuedAtMs - now;
  if (aheadMs > limits.clockSkewMsMax) {
    throw new SkeinError(
      'record-expired',
      `record: issued ${aheadMs} ms in the future; compare the clocks of both machines`,
      { details },
    );
  }
}

/** Only the one encoding of an Ed25519 key is accepted, so that a peer has one record, not many. */
function readPublicKey(bytes: Uint8Array): Ed25519PublicKey {
  const isEd25519 =
    bytes.byteLength === ed25519KeyBytes &&
    ed25519Prefix.every((byte, index) => bytes[index] === byte);
  if (!isEd25519) throw badRecord('publicKey: not an Ed25519 key');
  try {
    return publicKeyFromProtobuf(bytes) as Ed25519PublicKey;
  } catch (error) {
    throw new SkeinError('bad-message', 'record: publicKey: not readable', { cause: error });
  }
}

function badRecord(problem: string): SkeinError {
  return new SkeinError('bad-message', `record: ${problem}`);
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const length = Math.min(left.byteLength, right.byteLength);
  for (let index = 0; index < length; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.byteLength - right.byteLength;
}

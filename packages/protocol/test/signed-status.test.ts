import { generateKeyPair } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isSkeinError,
  limits,
  type PeerId,
  type StatusMessage,
  signRecord,
  signStatus,
  verifySignedStatus,
} from '../src/index.js';
import { expectRejection } from './support/expect-error.js';
import { rawPack } from './support/raw-msgpack.js';
import { exampleRecord, keyFromSeed } from './support/records.js';
import { wireExamples } from './support/wire-examples.js';

const key = await keyFromSeed(7);
const peer = peerIdFromPrivateKey(key).toString() as PeerId;
const stranger = await keyFromSeed(8);
const status = wireExamples.find(({ name }) => name === 'status')
  ?.message as unknown as StatusMessage;
const issuedAtMs = 1_763_650_000_000;
const now = issuedAtMs;
const envelope = await signStatus(status, { privateKey: key, issuedAtMs });

/** Signs any body the way an attacker would who has a key. */
async function signAnything(
  body: Uint8Array,
  { prefix = 'skein-status:', signer = key } = {},
): Promise<Uint8Array> {
  const input = Uint8Array.from([...new TextEncoder().encode(prefix), ...body]);
  return rawPack([body, await signer.sign(input)]);
}

const bodyOf = (changes: Record<string, unknown>) =>
  rawPack({ version: 1, issuedAtMs, status, ...changes });

describe('signStatus and verifySignedStatus', () => {
  it('round trip', async () => {
    expect(await verifySignedStatus(envelope, { peer, now })).toEqual({ status, issuedAtMs });
    expect(envelope.constructor).toBe(Uint8Array);
  });

  it('refuse a change of any byte', async () => {
    for (let index = 0; index < envelope.byteLength; index++) {
      const forged = envelope.slice();
      forged[index] = (forged[index] ?? 0) ^ 0x01;
      await expectRejection(verifySignedStatus(forged, { peer, now }), 'bad-message');
    }
  });

  it('refuse the status of another peer, and one that another key signed', async () => {
    const other = peerIdFromPrivateKey(stranger).toString() as PeerId;
    await expectRejection(verifySignedStatus(envelope, { peer: other, now }), 'bad-message');
    const forged = await signAnything(bodyOf({}), { signer: stranger });
    await expectRejection(verifySignedStatus(forged, { peer, now }), 'bad-message');
  });

  it('refuse other kinds of keys, and what is no peer id', async () => {
    const foreign = await generateKeyPair('secp256k1');
    expect(() => signStatus(status, { privateKey: foreign, issuedAtMs })).toThrow(/Ed25519/);
    const foreignPeer = peerIdFromPrivateKey(foreign).toString() as PeerId;
    for (const id of [foreignPeer, '1'.repeat(46) as PeerId, '' as PeerId]) {
      await expectRejection(verifySignedStatus(envelope, { peer: id, now }), 'bad-message');
    }
  });

  it('refuse a signature over other things, a record among them', async () => {
    for (const prefix of ['', 'skein-record:', 'skein-status']) {
      const forged = await signAnything(bodyOf({}), { prefix });
      await expectRejection(verifySignedStatus(forged, { peer, now }), 'bad-message');
    }
    const record = await signRecord(exampleRecord, key);
    await expectRejection(verifySignedStatus(record, { peer, now }), 'bad-message');
  });

  it.each<[string, Record<string, unknown>]>([
    ['an unknown field', { surprise: 1 }],
    ['another version', { version: 2 }],
    ['a time that is no number', { issuedAtMs: 'now' }],
    ['another message', { status: { type: 'status-request' } }],
    ['a status with an unknown field', { status: { ...status, prompt: 'Hello' } }],
    ['too many sessions', { status: { ...status, sessionList: Array(129).fill(0) } }],
  ])('refuse %s although it is signed', async (_name, changes) => {
    const forged = await signAnything(bodyOf(changes));
    await expectRejection(verifySignedStatus(forged, { peer, now }), 'bad-message');
  });

  it('refuse one that is outside of its time by more than clocks differ', async () => {
    const { signedStatusAgeMsMax, clockSkewMsMax } = limits;
    const last = issuedAtMs + signedStatusAgeMsMax + clockSkewMsMax;
    const first = issuedAtMs - clockSkewMsMax;
    for (const time of [first, last]) await verifySignedStatus(envelope, { peer, now: time });
    for (const time of [first - 1, last + 1]) {
      await expectRejection(verifySignedStatus(envelope, { peer, now: time }), 'record-expired');
    }
  });

  it('hold the largest status that the schema allows, and refuse larger bytes', async () => {
    const [session] = status.sessionList;
    const [neighbour] = status.neighbours;
    const [event] = status.events;
    const largest = {
      ...status,
      sessionList: Array(limits.statusSessionsMax).fill(session),
      neighbours: Array(limits.statusNeighboursMax).fill(neighbour),
      events: Array(limits.statusEventsMax).fill({
        ...event,
        // The longest in UTF-8.
        text: '\u6f22'.repeat(limits.statusTextCharactersMax),
      }),
    };
    const bytes = await signStatus(largest, { privateKey: key, issuedAtMs });
    expect((await verifySignedStatus(bytes, { peer, now })).status).toEqual(largest);
    const padded = new Uint8Array(limits.signedStatusBytesMax + 1);
    await expectRejection(verifySignedStatus(padded, { peer, now }), 'bad-message');
  });

  it('give a typed error for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isBody) => {
        const input = isBody ? await signAnything(bytes) : bytes;
        const error: unknown = await verifySignedStatus(input, { peer, now }).catch(
          (reason: unknown) => reason,
        );
        expect(isSkeinError(error)).toBe(true);
      }),
    );
  });
});

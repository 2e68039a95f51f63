import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packHeader } from '../src/header-codec.js';
import {
  isSkeinError,
  limits,
  selectNewer,
  signRecord,
  type UnsignedRecord,
  verifyRecord,
} from '../src/index.js';
import { expectError, expectRejection } from './support/expect-error.js';
import { fromHex, toHex } from './support/frames.js';
import { rawPack } from './support/raw-msgpack.js';
import { exampleNow, exampleRecord, keyFromSeed } from './support/records.js';

const now = exampleNow;
const key = await keyFromSeed(7);
const publicKey = new Uint8Array(publicKeyToProtobuf(key.publicKey));
const envelope = await signRecord(exampleRecord, key);

/** Signs any body as a record, the way an attacker would who has a key. */
async function signAnything(
  body: Uint8Array,
  { prefix = 'skein-record:', signer = key }: { prefix?: string; signer?: typeof key } = {},
): Promise<Uint8Array> {
  const input = Uint8Array.from([...new TextEncoder().encode(prefix), ...body]);
  return rawPack([body, await signer.sign(input)]);
}

function bodyOf(changes: Record<string, unknown>): Uint8Array {
  return rawPack({ ...exampleRecord, version: 1, publicKey, ...changes });
}

describe('signRecord and verifyRecord', () => {
  it('round trip, and tell who signed', async () => {
    const verified = await verifyRecord(envelope, { now });
    expect(verified.body).toEqual({ ...exampleRecord, version: 1, publicKey });
    expect(verified.peerId).toBe(peerIdFromPrivateKey(key).toString());
    expect(verified.bytes).toEqual(envelope);
    expect(verified.bytes.buffer).not.toBe(envelope.buffer);
    expect(verified.bytes.constructor).toBe(Uint8Array);
    expect(envelope.constructor).toBe(Uint8Array);
  });

  it('take a record of a peer that does not move', async () => {
    const { nextSpan: _, capacityBlocks: __, ...still } = exampleRecord;
    const verified = await verifyRecord(await signRecord(still, key), { now });
    expect(verified.body).toEqual({ ...still, version: 1, publicKey });
  });

  it('refuse a change of any byte', async () => {
    for (let index = 0; index < envelope.byteLength; index++) {
      const forged = envelope.slice();
      forged[index] = (forged[index] ?? 0) ^ 0x01;
      await expectRejection(verifyRecord(forged, { now }), 'bad-message', 'record-expired');
    }
  });

  it('refuse an envelope that is cut at any byte, or has more', async () => {
    for (let length = 0; length < envelope.byteLength; length++) {
      await expectRejection(verifyRecord(envelope.slice(0, length), { now }), 'bad-message');
    }
    await expectRejection(verifyRecord(Uint8Array.from([...envelope, 0]), { now }), 'bad-message');
  });

  it('refuse a record that another key signed, and keys of other kinds', async () => {
    const stranger = await keyFromSeed(8);
    await expectRejection(
      verifyRecord(await signAnything(bodyOf({}), { signer: stranger }), { now }),
      'bad-message',
    );
    const foreign = await generateKeyPair('secp256k1');
    await expectRejection(signRecord(exampleRecord, foreign), 'bad-argument');
    for (const bytes of [
      publicKeyToProtobuf(foreign.publicKey),
      publicKey.slice(0, 35),
      new Uint8Array(512),
      new Uint8Array(),
      // The same key with an unknown field, which protobuf would ignore.
      Uint8Array.from([...publicKey, 0x18, 0x01]),
    ]) {
      const body = bodyOf({ publicKey: bytes });
      await expectRejection(verifyRecord(await signAnything(body), { now }), 'bad-message');
    }
  });

  it('refuse a signature over other things', async () => {
    for (const prefix of ['', 'skein-record', 'libp2p-peer-record:']) {
      const forged = await signAnything(bodyOf({}), { prefix });
      await expectRejection(verifyRecord(forged, { now }), 'bad-message');
    }
    const [zero, short] = [new Uint8Array(64), new Uint8Array(63)];
    for (const signature of [zero, short]) {
      await expectRejection(verifyRecord(rawPack([bodyOf({}), signature]), { now }), 'bad-message');
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ['a span past the last block', { span: { start: 20, end: 25 } }],
    ['a span that is turned round', { span: { start: 9, end: 8 } }],
    ['a next span past the last block', { nextSpan: { start: 20, end: 25 } }],
    ['a next span that is turned round', { nextSpan: { start: 9, end: 8 } }],
    ['a next span of nothing', { nextSpan: { start: 8, end: 8 } }],
    ['a next span of null', { nextSpan: null }],
    ['more capacity than a model can have', { capacityBlocks: limits.blockCountMax + 1 }],
    ['a capacity that is no number of blocks', { capacityBlocks: 2.5 }],
    ['an unknown field', { surprise: 1 }],
    ['another version', { version: 2 }],
    ['NaN', { decodeBlocksPerSecond: Number.NaN }],
    ['infinity', { prefillBlockRowsPerSecond: Number.POSITIVE_INFINITY }],
    ['a negative count', { kvTokensFree: -1 }],
    ['a fraction', { sequence: 1.5 }],
    ['a sequence that is not safe', { sequence: 2 ** 53 }],
    ['a state of no meaning', { state: 'asleep' }],
    ['a name that rewrites the terminal', { name: '\u001b[2J' }],
    ['a name that turns text round', { name: 'a\u202eb' }],
    ['too many addresses', { multiaddrs: new Array(17).fill('/ip4/1.2.3.4/tcp/1') }],
    ['too long a life', { expiresAtMs: exampleRecord.issuedAtMs + limits.recordLifetimeMsMax + 1 }],
    ['a life that ends before it starts', { issuedAtMs: exampleRecord.expiresAtMs }],
  ])('refuse %s although it is signed', async (_name, changes) => {
    await expectRejection(
      verifyRecord(await signAnything(bodyOf(changes)), { now }),
      'bad-message',
    );
    // `version` is filled in, whatever it was.
    if ('version' in changes) return;
    const record = { ...exampleRecord, ...changes } as UnsignedRecord;
    await expectRejection(signRecord(record, key), 'bad-argument');
  });

  it('refuse a record outside of its time, with a code that blames nobody', async () => {
    const { issuedAtMs, expiresAtMs } = exampleRecord;
    await verifyRecord(envelope, { now: expiresAtMs - 1 });
    await verifyRecord(envelope, { now: issuedAtMs - limits.clockSkewMsMax });
    for (const time of [expiresAtMs, issuedAtMs - limits.clockSkewMsMax - 1]) {
      const error = await expectRejection(verifyRecord(envelope, { now: time }), 'record-expired');
      expect(error.blame).toBe('nobody');
    }
  });

  it('refuse what is too large', async () => {
    const large = { ...exampleRecord, multiaddrs: new Array<string>(16).fill('/'.repeat(500)) };
    await expectRejection(signRecord(large, key), 'limit-exceeded');
    await expectRejection(verifyRecord(await signAnything(bodyOf(large)), { now }), 'bad-message');
    expect(envelope.byteLength).toBeLessThan(1024);
  });

  it('give a typed error for any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.boolean(), async (bytes, isBody) => {
        const input = isBody ? rawPack([bytes, new Uint8Array(64)]) : bytes;
        const error: unknown = await verifyRecord(input, { now }).catch(
          (reason: unknown) => reason,
        );
        expect(isSkeinError(error)).toBe(true);
      }),
    );
  });
});

describe('selectNewer', () => {
  it('takes the higher sequence, whichever side it is on', async () => {
    const older = await verifyRecord(envelope, { now });
    const next = { ...exampleRecord, sequence: exampleRecord.sequence + 1 };
    const newer = await verifyRecord(await signRecord(next, key), { now });
    expect(selectNewer(older, newer)).toBe(newer);
    expect(selectNewer(newer, older)).toBe(newer);
    expect(selectNewer(older, older)).toBe(older);
  });

  it('agrees everywhere on two records of one sequence', async () => {
    const left = await verifyRecord(envelope, { now });
    const right = await verifyRecord(await signRecord({ ...exampleRecord, name: 'b' }, key), {
      now,
    });
    expect(selectNewer(left, right)).toBe(selectNewer(right, left));
  });

  it('does not compare different peers', async () => {
    const left = await verifyRecord(envelope, { now });
    const other = await signRecord(exampleRecord, await keyFromSeed(9));
    const right = await verifyRecord(other, { now });
    expectError(() => selectNewer(left, right), 'bad-argument');
  });
});

describe('wire fixture of record', () => {
  const path = fileURLToPath(new URL('../../../test/fixtures/wire/record.json', import.meta.url));
  const body = packHeader({ ...exampleRecord, version: 1, publicKey });

  it('is what the signer writes', async () => {
    const hostile = {
      expired: await signRecord({ ...exampleRecord, issuedAtMs: 0, expiresAtMs: 1 }, key),
      'signed by another key': await signAnything(body, { signer: await keyFromSeed(8) }),
      'signed without the prefix': await signAnything(body, { prefix: '' }),
      'span past the last block': await signAnything(bodyOf({ span: { start: 20, end: 25 } })),
      'next span past the last block': await signAnything(
        bodyOf({ nextSpan: { start: 20, end: 25 } }),
      ),
      'next span of nothing': await signAnything(bodyOf({ nextSpan: { start: 8, end: 8 } })),
      'capacity below zero': await signAnything(bodyOf({ capacityBlocks: -1 })),
      'unknown field': await signAnything(bodyOf({ surprise: 1 })),
      NaN: await signAnything(bodyOf({ decodeBlocksPerSecond: Number.NaN })),
      truncated: envelope.slice(0, -1),
      'trailing byte': Uint8Array.from([...envelope, 0]),
    };
    const fixture = {
      message: 'record',
      now,
      seed: toHex(new Uint8Array(32).fill(7)),
      peerId: peerIdFromPrivateKey(key).toString(),
      body: { ...exampleRecord, version: 1, publicKey: { $bytes: toHex(publicKey) } },
      envelope: toHex(envelope),
      hostile: Object.entries(hostile).map(([name, bytes]) => ({
        name,
        code: name === 'expired' ? 'record-expired' : 'bad-message',
        envelope: toHex(bytes),
      })),
    };
    if (process.env.UPDATE_FIXTURES === '1') {
      writeFileSync(path, `${JSON.stringify(fixture, null, 2)}\n`);
    }
    expect(existsSync(path), `${path} is missing: run with UPDATE_FIXTURES=1`).toBe(true);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(fixture);
  });

  it('is read, and its hostile records are refused with their code', async () => {
    const fixture = JSON.parse(readFileSync(path, 'utf8')) as {
      now: number;
      peerId: string;
      envelope: string;
      hostile: { code: 'bad-message'; envelope: string }[];
    };
    const verified = await verifyRecord(fromHex(fixture.envelope), { now: fixture.now });
    expect(verified.peerId).toBe(fixture.peerId);
    for (const { code, envelope: hostile } of fixture.hostile) {
      await expectRejection(verifyRecord(fromHex(hostile), { now: fixture.now }), code);
    }
  });
});

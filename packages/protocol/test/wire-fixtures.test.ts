import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unpackHeader } from '../src/header-codec.js';
import { decodeFrame, encodeFrame, isSkeinError, type Tensor } from '../src/index.js';
import { expectError } from './support/expect-error.js';
import { concat, fromHex, readFrame, toHex } from './support/frames.js';
import { hostileFrames } from './support/hostile-frames.js';
import { type WireExample, wireExamples, wireSchemas } from './support/wire-examples.js';

/**
 * The corpus of `test/fixtures/wire`: one file a message, with valid frames and hostile ones. Other
 * implementations may test themselves against it. `UPDATE_FIXTURES=1` writes it anew.
 */
const folder = fileURLToPath(new URL('../../../test/fixtures/wire/', import.meta.url));
const isUpdate = process.env.UPDATE_FIXTURES === '1';
const types = [...new Set(wireExamples.map((example) => example.message.type))];

function encode(example: WireExample): Uint8Array {
  return concat(encodeFrame(example.message, example.tensors));
}

/** JSON of what a frame means; binary fields are `{ "$bytes": hex }`. */
function meaningOf(example: WireExample): unknown {
  const { message, tensors } = decode(example.schema, encode(example));
  return { message: withHex(message), tensors: tensors.map(describeTensor) };
}

function decode(schema: WireExample['schema'], bytes: Uint8Array) {
  const frame = readFrame(bytes);
  if (frame === null) throw new Error('the frame is not complete');
  return decodeFrame(wireSchemas[schema], frame);
}

function describeTensor({ type, shape, bytes }: Tensor): unknown {
  return { type, shape, bytes: toHex(bytes) };
}

function withHex(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: toHex(value) };
  if (Array.isArray(value)) return value.map(withHex);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, withHex(field)]));
}

function hostileOf(example: WireExample) {
  const frame = readFrame(encode(example));
  if (frame === null) throw new Error('the frame is not complete');
  return hostileFrames(unpackHeader(frame.header) as Record<string, unknown>, frame.body);
}

function fixtureFor(type: string): unknown {
  const examples = wireExamples.filter((example) => example.message.type === type);
  const first = examples[0] as WireExample;
  return {
    message: type,
    valid: examples.map((example) => ({
      name: example.name,
      readBy: example.schema,
      frame: toHex(encode(example)),
      ...(meaningOf(example) as object),
    })),
    hostile: {
      readBy: first.schema,
      frames: hostileOf(first).map(({ name, code, bytes }) => ({
        name,
        code,
        frame: toHex(bytes),
      })),
    },
  };
}

describe.each(types)('wire fixture of %s', (type) => {
  const path = `${folder}${type}.json`;

  it('is what the encoder writes and the decoder reads', () => {
    const fixture = fixtureFor(type);
    if (isUpdate) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(path, `${JSON.stringify(fixture, null, 2)}\n`);
    }
    expect(existsSync(path), `${path} is missing: run with UPDATE_FIXTURES=1`).toBe(true);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(fixture);
  });

  it('has hostile frames that are all refused with their code', () => {
    const { hostile } = JSON.parse(readFileSync(path, 'utf8')) as {
      hostile: {
        readBy: WireExample['schema'];
        frames: Record<'name' | 'code' | 'frame', string>[];
      };
    };
    for (const { name, code, frame } of hostile.frames) {
      const error = expectError(() => decode(hostile.readBy, fromHex(frame)), code as never);
      expect(error.message.length, name).toBeLessThan(1024);
    }
  });
});

describe.each(wireExamples)('$name', (example) => {
  const bytes = encode(example);

  it('round trips', () => {
    const { message, tensors } = decode(example.schema, bytes);
    const { tensors: _layouts, ...fields } = message as Record<string, unknown>;
    expect(fields).toEqual(example.message);
    expect(tensors).toEqual(example.tensors ?? []);
  });

  it('is incomplete when cut at any byte, never wrong', () => {
    for (let length = 0; length < bytes.byteLength; length++) {
      expect(readFrame(bytes.subarray(0, length))).toBeNull();
    }
  });

  it('has a header that is refused when cut at any byte', () => {
    const frame = readFrame(bytes);
    if (frame === null) throw new Error('the frame is not complete');
    for (let length = 0; length < frame.header.byteLength; length++) {
      const cut = { header: frame.header.subarray(0, length), body: frame.body };
      expectError(() => decodeFrame(wireSchemas[example.schema], cut), 'bad-message');
    }
  });

  it('is refused for its variants, whichever example of the type', () => {
    for (const hostile of hostileOf(example)) {
      expectError(() => decode(example.schema, hostile.bytes), hostile.code);
    }
  });

  it('decodes or throws a SkeinError when any bytes change', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.byteLength - 1), fc.nat(255)), {
          minLength: 1,
          maxLength: 4,
        }),
        (changes) => {
          const changed = bytes.slice();
          for (const [offset, byte] of changes) changed[offset] = byte;
          try {
            const frame = readFrame(changed);
            if (frame !== null) decodeFrame(wireSchemas[example.schema], frame);
          } catch (error) {
            expect(isSkeinError(error)).toBe(true);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});

it('has no fixture without an example', () => {
  const files = readdirSync(folder).filter(
    (name) => name !== 'record.json' && name.endsWith('.json'),
  );
  expect(files.sort()).toEqual(types.map((type) => `${type}.json`).sort());
});

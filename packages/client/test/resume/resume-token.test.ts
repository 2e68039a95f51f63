import { isSkeinError, type ModelHash, type TokenId } from '@skein/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64url, toBase64url } from '../../src/resume/base64url.js';
import type { ResumeState } from '../../src/resume/resume-state.js';
import { encodeResumeToken, parseResumeToken } from '../../src/resume/resume-token.js';

const model = 'ab'.repeat(32) as ModelHash;
const plain: ResumeState = {
  model,
  tokens: [1, 2, 0, 131_000, 1_048_575] as TokenId[],
  stepEnds: [2, 3, 4, 5],
  answer: {
    start: 2,
    settings: {
      seed: 2 ** 53 - 1,
      maxTokens: 9,
      temperature: 0.25,
      stop: ['\n', 'Ende ☂'],
      logitBias: new Map([[7 as TokenId, -3.5]]),
    },
  },
  session: { wireType: 'bf16', firstRows: 16 },
};

/** A token with another header, its checksum right. */
function withHeader(change: (header: Record<string, unknown>) => void): string {
  const bytes = fromBase64url(encodeResumeToken(plain).slice(15)) as Uint8Array;
  const length = new DataView(bytes.buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  change(header);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const changed = new Uint8Array(8 + json.length + bytes.length - 8 - length);
  const view = new DataView(changed.buffer);
  view.setUint32(4, json.length, true);
  changed.set(json, 8);
  changed.set(bytes.subarray(8 + length), 8 + json.length);
  let hash = 0x811c9dc5;
  for (const byte of changed.subarray(4)) hash = Math.imul(hash ^ byte, 0x01000193);
  view.setUint32(0, hash >>> 0, true);
  return `skein-resume-1.${toBase64url(changed)}`;
}

describe('a resume token', () => {
  it('holds all of a state', () => {
    expect(parseResumeToken(encodeResumeToken(plain))).toEqual(plain);
    const bare: ResumeState = { model, tokens: [], stepEnds: null, answer: null, session: {} };
    expect(parseResumeToken(encodeResumeToken(bare))).toEqual(bare);
  });

  it('holds formats and tools, but for a grammar of the caller’s own', () => {
    const answer = plain.answer as NonNullable<ResumeState['answer']>;
    const withFormat = (format: Partial<typeof answer.settings>): ResumeState => ({
      ...plain,
      answer: { ...answer, settings: { ...answer.settings, ...format } },
    });
    const schema = { type: 'object', properties: { hero: { enum: ['fox'] } } };
    const state = withFormat({
      responseFormat: { type: 'json-schema', schema },
      tools: [{ name: 'search', description: 'Looks.', parameters: schema }],
      toolChoice: { name: 'search' },
      parallelToolCalls: false,
    });
    expect(parseResumeToken(encodeResumeToken(state))).toEqual(state);
    const grammar = { root: { kind: 'sequence', items: [] } } as never;
    const own = withFormat({ responseFormat: { type: 'grammar', grammar } });
    expect(parseResumeToken(encodeResumeToken(own)).answer).toBeNull();
  });

  it('takes four characters a token of a long conversation', () => {
    const tokens = Array.from({ length: 10_000 }, (_, index) => (index * 13) % 32_000);
    const stepEnds = tokens.map((_, index) => index + 1);
    const token = encodeResumeToken({ ...plain, tokens: tokens as TokenId[], stepEnds });
    expect(token.length).toBeLessThan(4 * 10_000 + 600);
    expect(parseResumeToken(token).tokens).toEqual(tokens);
    expect(token).toMatch(/^[\w.-]+$/);
  });

  it('of steps in thousands of lengths tells none', () => {
    const tokens = Array.from({ length: 12_300 }, () => 1 as TokenId);
    const stepEnds = Array.from({ length: 4100 }, (_, index) => index * 3 + (index % 2)).slice(1);
    const state = parseResumeToken(encodeResumeToken({ ...plain, tokens, stepEnds }));
    expect(state.stepEnds).toBeNull();
  });

  it.each<[string, string]>([
    ['', 'does not begin with'],
    ['skein-resume-2.AAAA', 'another version'],
    ['skein-resume-1.', 'cut, or changed'],
    ['skein-resume-1.!!!!', 'cut, or changed'],
    ['skein-resume-1.AAAAAAAAAAAA', 'cut, or changed'],
    [encodeResumeToken(plain).slice(0, -4), 'cut, or changed'],
    [`skein-resume-1.${'A'.repeat(6_000_000)}`, 'characters'],
    [withHeader((header) => Object.assign(header, { surprise: 1 })), 'makes no sense'],
    [withHeader((header) => Object.assign(header, { model: 'x' })), 'makes no sense'],
    [withHeader((header) => Object.assign(header, { tokens: 6 })), 'tokens are missing'],
    [withHeader((header) => Object.assign(header, { stepRuns: [[1, 9e5]] })), 'beyond its tokens'],
    [withHeader((header) => Object.assign(header, { stepRuns: [[0, 1]] })), 'makes no sense'],
    [
      withHeader((header) => Object.assign(header.answer as object, { start: 6 })),
      'begins too late',
    ],
  ])('that is wrong is refused: %.30s', (token, message) => {
    expect(() => parseResumeToken(token)).toThrow(message);
  });

  it('of any bytes is parsed or refused, and nothing else', () => {
    const any = fc.oneof(
      fc.string(),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => `skein-resume-1.${toBase64url(bytes)}`),
      fc
        .json()
        .map((json) => withHeader((header) => Object.assign(header, { answer: JSON.parse(json) }))),
    );
    fc.assert(
      fc.property(any, (token) => {
        try {
          parseResumeToken(token);
        } catch (error) {
          expect(isSkeinError(error) && error.code).toBe('bad-argument');
        }
      }),
    );
  });
});

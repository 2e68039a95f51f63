import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { findApiKey, parseApiKeys, singleApiKey } from '../../src/gateway/admission/api-keys.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

describe('parseApiKeys', () => {
  const keys = parseApiKeys({
    keys: [
      { name: 'fox', key: 'fox-key-0001', 'requests-per-minute': 5 },
      { name: 'owl', sha256: sha256('owl-key-0001'), 'tokens-per-day': 9, concurrent: 2 },
    ],
  });

  it('reads keys and hashes, and keeps hashes only', () => {
    expect(findApiKey(keys, 'fox-key-0001')).toMatchObject({ name: 'fox', requestsPerMinute: 5 });
    expect(findApiKey(keys, 'owl-key-0001')).toMatchObject({
      name: 'owl',
      tokensPerDay: 9,
      concurrent: 2,
    });
    expect(JSON.stringify(keys)).not.toContain('fox-key');
  });

  it.each(['', 'fox-key-0002', 'fox-key-000', sha256('owl-key-0001')])('knows no "%s"', (key) => {
    expect(findApiKey(keys, key)).toBeNull();
  });

  it.each([
    ['no keys', { keys: [] }],
    ['both kinds', { keys: [{ name: 'a', key: 'long-enough', sha256: sha256('x') }] }],
    ['neither kind', { keys: [{ name: 'a' }] }],
    ['a short key', { keys: [{ name: 'a', key: 'short' }] }],
    ['a hash that is none', { keys: [{ name: 'a', sha256: 'abc' }] }],
    ['a field it does not know', { keys: [{ name: 'a', key: 'long-enough', tokens: 1 }] }],
    ['no file at all', 'keys'],
  ])('refuses %s', (_title, content) => {
    expect(() => parseApiKeys(content)).toThrow(
      expect.objectContaining({ code: 'bad-configuration' }),
    );
  });
});

describe('singleApiKey', () => {
  it('is a key without quotas', () => {
    expect(findApiKey([singleApiKey('a-good-key')], 'a-good-key')).toMatchObject({
      name: 'default',
    });
    expect(() => singleApiKey('x')).toThrow(expect.objectContaining({ code: 'bad-configuration' }));
  });
});

import { describe, expect, it } from 'vitest';
import { QuotaLedger } from '../../src/gateway/admission/quota-ledger.js';

const dayMs = 86_400_000;
const sha256 = new Uint8Array(32);

function setUp(startMs = 10 * dayMs) {
  let nowMs = startMs;
  const ledger = new QuotaLedger(() => nowMs);
  return {
    ledger,
    pass: (elapsedMs: number) => {
      nowMs += elapsedMs;
    },
  };
}

describe('QuotaLedger', () => {
  it('admits so many requests a minute, and tells when the next may come', () => {
    const { ledger, pass } = setUp();
    const key = { name: 'fox', sha256, requestsPerMinute: 2 };
    expect(ledger.admit(key).kind).toBe('admitted');
    expect(ledger.admit(key).kind).toBe('admitted');
    expect(ledger.admit(key)).toEqual({
      kind: 'refused',
      quota: 'requests-per-minute',
      limit: 2,
      retryAfterMs: 30_000,
    });
    pass(29_000);
    expect(ledger.admit(key)).toMatchObject({ kind: 'refused', retryAfterMs: 1000 });
    pass(1000);
    expect(ledger.admit(key).kind).toBe('admitted');
    pass(3_600_000);
    const verdicts = [1, 2, 3].map(() => ledger.admit(key).kind);
    expect(verdicts).toEqual(['admitted', 'admitted', 'refused']);
  });

  it('counts the tokens of a day, which ends at midnight', () => {
    const { ledger, pass } = setUp(10 * dayMs + 3_600_000);
    const key = { name: 'fox', sha256, tokensPerDay: 100 };
    ledger.charge(key, 99);
    expect(ledger.admit(key).kind).toBe('admitted');
    ledger.charge(key, 50);
    expect(ledger.admit(key)).toEqual({
      kind: 'refused',
      quota: 'tokens-per-day',
      limit: 100,
      retryAfterMs: dayMs - 3_600_000,
    });
    pass(dayMs - 3_600_000);
    expect(ledger.admit(key).kind).toBe('admitted');
  });

  it('counts each key for itself, and not at all without quotas', () => {
    const { ledger } = setUp();
    const one = { name: 'one', sha256, requestsPerMinute: 1 };
    const two = { name: 'two', sha256, requestsPerMinute: 1 };
    ledger.admit(one);
    expect(ledger.admit(one).kind).toBe('refused');
    expect(ledger.admit(two).kind).toBe('admitted');
    const free = { name: 'free', sha256 };
    ledger.charge(free, 1e9);
    expect(ledger.admit(free).kind).toBe('admitted');
  });
});

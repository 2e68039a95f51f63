import type { ApiKey } from './api-keys.js';

/** What {@link QuotaLedger.admit} says. */
export type QuotaVerdict =
  | { readonly kind: 'admitted' }
  | {
      readonly kind: 'refused';
      readonly quota: 'requests-per-minute' | 'tokens-per-day';
      readonly limit: number;
      readonly retryAfterMs: number;
    };

interface Account {
  /** Grows by the requests a minute each millisecond; a request costs a minute's milliseconds. */
  credit: number;
  refilledAtMs: number;
  day: number;
  tokens: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * Counts what keys use. Requests refill evenly over the minute; tokens are counted when they have
 * been used, so the request that crosses the line is still answered. Kept in memory: a restart
 * begins the day anew.
 */
export class QuotaLedger {
  readonly #accounts = new Map<string, Account>();
  readonly #nowMs: () => number;

  /** @param nowMs milliseconds since 1970, for the days */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes a request in, or says which quota is used up and when to come again. */
  admit(key: ApiKey): QuotaVerdict {
    const account = this.#account(key);
    const nowMs = this.#nowMs();
    const { requestsPerMinute, tokensPerDay } = key;
    if (tokensPerDay !== undefined && account.tokens >= tokensPerDay) {
      const retryAfterMs = dayMs - (nowMs % dayMs);
      return { kind: 'refused', quota: 'tokens-per-day', limit: tokensPerDay, retryAfterMs };
    }
    if (requestsPerMinute === undefined) return { kind: 'admitted' };
    if (account.credit < minuteMs) {
      const retryAfterMs = Math.ceil((minuteMs - account.credit) / requestsPerMinute);
      const quota = 'requests-per-minute';
      return { kind: 'refused', quota, limit: requestsPerMinute, retryAfterMs };
    }
    account.credit -= minuteMs;
    return { kind: 'admitted' };
  }

  /** Books tokens that a request used. */
  charge(key: ApiKey, tokens: number): void {
    this.#account(key).tokens += tokens;
  }

  #account(key: ApiKey): Account {
    const nowMs = this.#nowMs();
    const day = Math.floor(nowMs / dayMs);
    const perMinute = key.requestsPerMinute ?? 0;
    const known = this.#accounts.get(key.name);
    const account = known ?? { credit: perMinute * minuteMs, refilledAtMs: nowMs, day, tokens: 0 };
    if (known === undefined) this.#accounts.set(key.name, account);
    // A clock that was set back gives nothing and takes nothing.
    const elapsedMs = Math.max(0, nowMs - account.refilledAtMs);
    account.credit = Math.min(perMinute * minuteMs, account.credit + elapsedMs * perMinute);
    account.refilledAtMs = nowMs;
    if (account.day !== day) {
      account.day = day;
      account.tokens = 0;
    }
    return account;
  }
}

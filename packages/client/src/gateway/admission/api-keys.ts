import { createHash, timingSafeEqual } from 'node:crypto';
import { SkeinError } from '@skein/protocol';
import * as z from 'zod';
import { gatewayLimits } from '../gateway-limits.js';

const { keysMax, keyCharactersMin, keyCharactersMax, concurrencyMax } = gatewayLimits;

/** What a key may use; absent is without a limit of its own. */
export interface KeyQuota {
  readonly requestsPerMinute?: number | undefined;
  /** Prompts and answers together, from midnight to midnight UTC. */
  readonly tokensPerDay?: number | undefined;
  /** Generations at once; more wait. */
  readonly concurrent?: number | undefined;
}

/** A key's holder. The key itself is kept as its hash only. */
export interface ApiKey extends KeyQuota {
  /** For logs, metrics and fairness; unique. */
  readonly name: string;
  readonly sha256: Uint8Array;
}

const keySchema = z
  .strictObject({
    name: z.string().min(1).max(64),
    key: z.string().min(keyCharactersMin).max(keyCharactersMax).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i)
      .optional(),
    'requests-per-minute': z.int().min(1).optional(),
    'tokens-per-day': z.int().min(1).optional(),
    concurrent: z.int().min(1).max(concurrencyMax).optional(),
  })
  .refine(({ key, sha256 }) => (key === undefined) !== (sha256 === undefined), {
    message: 'give one of key and sha256',
  });

const keyFileSchema = z.strictObject({ keys: z.array(keySchema).min(1).max(keysMax) });

/**
 * Reads the content of a key file: `keys`, each with a `name`, a `key` or its `sha256` in hex, and
 * optionally `requests-per-minute`, `tokens-per-day` and `concurrent`.
 *
 * @throws SkeinError `bad-configuration` that names the field
 */
export function parseApiKeys(content: unknown): readonly ApiKey[] {
  const parsed = keyFileSchema.safeParse(content);
  if (!parsed.success) {
    throw new SkeinError('bad-configuration', `the keys: ${z.prettifyError(parsed.error)}`);
  }
  return parsed.data.keys.map(
    (entry): ApiKey => ({
      name: entry.name,
      sha256: entry.sha256 === undefined ? hashKey(entry.key ?? '') : fromHex(entry.sha256),
      requestsPerMinute: entry['requests-per-minute'],
      tokensPerDay: entry['tokens-per-day'],
      concurrent: entry.concurrent,
    }),
  );
}

/** The one key of `--api-key`, without quotas. */
export function singleApiKey(key: string): ApiKey {
  if (key.length < keyCharactersMin || key.length > keyCharactersMax) {
    const text = `an API key has ${keyCharactersMin} to ${keyCharactersMax} characters`;
    throw new SkeinError('bad-configuration', text);
  }
  return { name: 'default', sha256: hashKey(key) };
}

/**
 * The holder of a presented key. Hashes are compared, all of them and in constant time: how long it
 * takes says nothing about the keys.
 */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | null {
  const sha256 = hashKey(presented);
  let found: ApiKey | null = null;
  for (const key of keys) {
    if (timingSafeEqual(key.sha256, sha256)) found = key;
  }
  return found;
}

function hashKey(key: string): Uint8Array {
  return createHash('sha256').update(key, 'utf8').digest();
}

function fromHex(text: string): Uint8Array {
  return Buffer.from(text, 'hex');
}

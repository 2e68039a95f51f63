import { type ErrorCode, isSkeinError } from '@skein/protocol';
import { expect } from 'vitest';

/** Expects a `SkeinError` of one code whose message has all of `parts`. */
export async function expectModelError(
  action: Promise<unknown> | (() => unknown),
  code: ErrorCode,
  ...parts: (string | RegExp)[]
): Promise<void> {
  const error = await Promise.resolve(typeof action === 'function' ? attempt(action) : action).then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  );
  if (!isSkeinError(error)) throw error;
  expect(`${error.code}: ${error.message}`).toMatch(new RegExp(`^${code}: `));
  for (const part of parts) expect(error.message).toMatch(part);
}

async function attempt(action: () => unknown): Promise<unknown> {
  return action();
}

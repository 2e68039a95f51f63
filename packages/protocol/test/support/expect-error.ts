import { expect } from 'vitest';
import { type ErrorCode, isSkeinError, type SkeinError } from '../../src/index.js';

/** Runs `action` and returns the SkeinError of one of `codes` that it must throw. */
export function expectError(action: () => unknown, ...codes: ErrorCode[]): SkeinError {
  try {
    action();
  } catch (error) {
    if (!isSkeinError(error)) throw error;
    expect(codes).toContain(error.code);
    return error;
  }
  return expect.fail(`nothing was thrown; expected ${codes.join(' or ')}`);
}

/** The same for a promise. */
export async function expectRejection(
  promise: Promise<unknown>,
  ...codes: ErrorCode[]
): Promise<SkeinError> {
  const error: unknown = await promise.then(
    () => expect.fail(`nothing was thrown; expected ${codes.join(' or ')}`),
    (reason: unknown) => reason,
  );
  return expectError(
    () => {
      throw error;
    },
    ...codes,
  );
}

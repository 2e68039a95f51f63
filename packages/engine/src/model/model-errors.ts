import { type ErrorCode, SkeinError } from '@skein/protocol';

/** What an operator can do about a damaged file. */
const downloadAgain = 'Download it again and compare its size and SHA-256 with the published ones.';

/** A file that breaks its own format: names the file, the fault and the way out. */
export function corruptModel(
  path: string,
  problem: string,
  options: { wayOut?: string; cause?: unknown } = {},
): SkeinError {
  return modelError('model-corrupt', path, problem, options.wayOut ?? downloadAgain, options.cause);
}

/** A sound file that Skein would compute wrongly: names the field and the alternatives. */
export function unsupportedModel(path: string, problem: string, wayOut: string): SkeinError {
  return modelError('model-unsupported', path, problem, wayOut);
}

/** A path at which there is no model. */
export function unknownModel(path: string, problem: string, wayOut: string): SkeinError {
  return modelError('model-unknown', path, problem, wayOut);
}

/** Throws `aborted` once `signal` is: `throwIfAborted` would throw a DOMException. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new SkeinError('aborted', 'Reading the model was aborted.', { cause: signal.reason });
  }
}

function modelError(
  code: ErrorCode,
  path: string,
  problem: string,
  wayOut: string,
  cause?: unknown,
): SkeinError {
  const message = `${path}: ${problem}. ${wayOut}`;
  return new SkeinError(code, message, {
    details: { path },
    ...(cause === undefined ? {} : { cause }),
  });
}

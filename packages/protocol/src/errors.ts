/**
 * The error family. A code decides the policy: whether the same call may be tried again
 * (perhaps elsewhere), and who is to blame, so that only a faulty peer is ever banned.
 */

/** Whose fault an error is: `peer` is the remote side that was asked, `caller` the asking side. */
export type Blame = 'peer' | 'caller' | 'nobody';

interface ErrorPolicy {
  readonly isRetryable: boolean;
  readonly blame: Blame;
}

const peerFault: ErrorPolicy = { isRetryable: true, blame: 'peer' };
const callerFault: ErrorPolicy = { isRetryable: false, blame: 'caller' };
const nobodysFault: ErrorPolicy = { isRetryable: true, blame: 'nobody' };

/** Every error code with its policy; `docs/errors.md` explains each to an operator. */
export const errorPolicies = {
  // The wire.
  'bad-frame': peerFault,
  'bad-message': peerFault,
  'limit-exceeded': callerFault,
  'protocol-violation': peerFault,
  // A peer record outside of its time: clocks differ, or it was slow on its way.
  'record-expired': nobodysFault,
  // Reaching a peer.
  'peer-unreachable': peerFault,
  'stream-closed': peerFault,
  timeout: peerFault,
  // A session on a hop.
  'session-unknown': nobodysFault,
  'session-exists': callerFault,
  'position-mismatch': callerFault,
  'context-exceeded': callerFault,
  'kv-full': nobodysFault,
  busy: nobodysFault,
  draining: nobodysFault,
  'not-hosting': nobodysFault,
  'history-gone': nobodysFault,
  'engine-failed': peerFault,
  'bad-output': peerFault,
  // Routes.
  'no-route': nobodysFault,
  // Models and configuration.
  'model-unknown': { isRetryable: false, blame: 'nobody' },
  'model-corrupt': { isRetryable: false, blame: 'nobody' },
  'model-unsupported': { isRetryable: false, blame: 'nobody' },
  'bad-argument': callerFault,
  'bad-configuration': callerFault,
  'address-in-use': callerFault,
  'disk-full': { isRetryable: false, blame: 'nobody' },
  'out-of-memory': { isRetryable: false, blame: 'nobody' },
  // Ends of work.
  aborted: { isRetryable: false, blame: 'caller' },
  internal: { isRetryable: false, blame: 'nobody' },
} as const satisfies Record<string, ErrorPolicy>;

/** A stable, machine-readable name of what went wrong. */
export type ErrorCode = keyof typeof errorPolicies;

/** Options of {@link SkeinError}. */
export interface SkeinErrorOptions {
  readonly cause?: unknown;
  /** The peer that the error came from or is about. */
  readonly peer?: string;
  /** Plain facts for programs: block lists, limits, sizes. */
  readonly details?: Readonly<Record<string, unknown>>;
}

// A registered symbol survives two copies of this package in one program, `instanceof` does not.
const marker = Symbol.for('skein.error');

/** The one error class of Skein: what happened, by code, and what policy follows. */
export class SkeinError extends Error {
  override readonly name = 'SkeinError';
  readonly [marker] = true;
  readonly code: ErrorCode;
  readonly peer: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: SkeinErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.peer = options.peer;
    this.details = options.details ?? {};
  }

  /** Whether the same request may succeed when it is tried again, here or at another peer. */
  get isRetryable(): boolean {
    return errorPolicies[this.code].isRetryable;
  }

  /** Whose fault it is. */
  get blame(): Blame {
    return errorPolicies[this.code].blame;
  }
}

/** Tells whether `error` is a {@link SkeinError}, from whichever copy of this package. */
export function isSkeinError(error: unknown): error is SkeinError {
  return typeof error === 'object' && error !== null && marker in error;
}

/** Tells whether `text` is a known {@link ErrorCode}. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(errorPolicies, text);
}

/** Wraps anything thrown into a {@link SkeinError}; a `SkeinError` is returned as it is. */
export function toSkeinError(error: unknown, fallbackCode: ErrorCode = 'internal'): SkeinError {
  if (isSkeinError(error)) return error;
  const isAbort = error instanceof Error && error.name === 'AbortError';
  const message = error instanceof Error ? error.message : String(error);
  return new SkeinError(isAbort ? 'aborted' : fallbackCode, message, { cause: error });
}

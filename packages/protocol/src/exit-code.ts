import { type ErrorCode, isSkeinError } from './errors.js';

/** Exit codes of the `skein` command, after sysexits.h where it has one that fits. */
export const exitCodes = {
  done: 0,
  /** Something unexpected: a bug, or a failure nobody planned for. */
  internal: 1,
  usage: 2,
  /** No route, or the peers of the route cannot be reached. */
  unreachable: 69,
  /** The same command may well succeed later. */
  tryAgain: 75,
  badConfiguration: 78,
  /** Interrupted by the user, as shells report SIGINT. */
  interrupted: 130,
} as const;

const { internal, usage, unreachable, tryAgain, badConfiguration, interrupted } = exitCodes;

const exitCodeByError: Record<ErrorCode, number> = {
  'bad-frame': tryAgain,
  'bad-message': tryAgain,
  'limit-exceeded': usage,
  'protocol-violation': tryAgain,
  'record-expired': tryAgain,
  'peer-unreachable': unreachable,
  'stream-closed': unreachable,
  timeout: unreachable,
  'session-unknown': tryAgain,
  'session-exists': internal,
  'position-mismatch': internal,
  'context-exceeded': usage,
  'kv-full': tryAgain,
  busy: tryAgain,
  draining: tryAgain,
  'not-hosting': tryAgain,
  'history-gone': tryAgain,
  'engine-failed': tryAgain,
  'bad-output': tryAgain,
  'no-route': unreachable,
  'model-unknown': badConfiguration,
  'model-corrupt': badConfiguration,
  'model-unsupported': badConfiguration,
  'bad-argument': usage,
  'bad-configuration': badConfiguration,
  'address-in-use': badConfiguration,
  'disk-full': badConfiguration,
  'out-of-memory': badConfiguration,
  aborted: interrupted,
  internal,
};

/** The exit code with which the command ends for an error; `docs/errors.md` lists them. */
export function exitCodeOf(error: unknown): number {
  return isSkeinError(error) ? exitCodeByError[error.code] : internal;
}

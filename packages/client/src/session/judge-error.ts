import {
  type ErrorCode,
  type ErrorMessage,
  errorPolicies,
  isErrorCode,
  type PeerId,
  SkeinError,
} from '@skein/protocol';
import type { FailureManner } from '../routing/bans.js';

/** What follows from an error that a hop reported. */
export type Verdict =
  /** The hop reports that it cannot reach its successor: check that one. */
  | { readonly kind: 'edge'; readonly successor: PeerId; readonly isHopOpen: boolean }
  /** The hop cannot go on; ban it if it is to blame. */
  | { readonly kind: 'lost'; readonly isBlamed: boolean }
  /** No other hop could do better: tell the caller. */
  | { readonly kind: 'fatal' };

/** The caller asked for something that every peer refuses. */
const fatalCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['context-exceeded']);

/** Judges an error message of a hop. */
export function judgeError(message: ErrorMessage): Verdict {
  if (message.about !== undefined) {
    return { kind: 'edge', successor: message.about, isHopOpen: message.step !== undefined };
  }
  const code = errorCode(message);
  if (fatalCodes.has(code)) return { kind: 'fatal' };
  return { kind: 'lost', isBlamed: errorPolicies[code].blame === 'peer' };
}

/** How a blamed peer failed: it decides how long it is left alone. */
export function mannerOf({ code }: SkeinError): FailureManner {
  return code === 'stream-closed' || code === 'peer-unreachable' ? 'closed' : 'other';
}

/** The typed form of an error message. */
export function errorFromHop(message: ErrorMessage, peer: PeerId): SkeinError {
  return new SkeinError(errorCode(message), message.message, {
    peer,
    details: message.details ?? {},
  });
}

function errorCode(message: ErrorMessage): ErrorCode {
  return isErrorCode(message.code) ? message.code : 'internal';
}

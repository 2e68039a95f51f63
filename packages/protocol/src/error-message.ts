import { type ErrorCode, isErrorCode, SkeinError, toSkeinError } from './errors.js';
import { forbiddenKeys } from './header-scan.js';
import type { PeerId } from './ids.js';
import { limits } from './limits.js';
import { type ErrorMessage, errorMessageSchema } from './messages/common.js';

/** What a failure refers to. */
export interface ErrorContext {
  /** The step that failed; left out when the session or the stream as a whole did. */
  readonly step?: number | undefined;
  readonly epoch?: number | undefined;
  /**
   * The peer to blame, when it is not the sender. Default: the peer that the error names, if its
   * code blames a peer.
   */
  readonly about?: PeerId | undefined;
}

const detailKeyPattern = /^[\x20-\x7e]{1,64}$/;
/** Details are for programs: a few numbers and names. */
const detailsMax = 16;
const detailCharactersMax = 256;

/**
 * Puts anything thrown into a message for the wire. Text is cut to its limit, details that the
 * wire does not carry are left out, and the text of an unexpected error stays here: it may hold
 * paths and other things that are nobody else's business.
 */
export function errorToMessage(error: unknown, context: ErrorContext = {}): ErrorMessage {
  const known = toSkeinError(error);
  const isUnexpected = known !== error && known.code === 'internal';
  const about = context.about ?? culpritOf(known);
  const details = detailsFor(known);
  return {
    type: 'error',
    code: known.code,
    message: isUnexpected
      ? 'an unexpected error; the log of the peer has it'
      : cutText(known.message, limits.errorCharactersMax),
    ...(context.step === undefined ? {} : { step: context.step }),
    ...(context.epoch === undefined ? {} : { epoch: context.epoch }),
    ...(about === undefined ? {} : { about }),
    ...(details === undefined ? {} : { details }),
  };
}

/**
 * Reads a failure that a remote reported. A code of a newer version becomes `internal`, and the
 * original is kept in `details.remoteCode`.
 *
 * @param peer the sender, which `error.peer` names unless the message is about another
 */
export function errorMessageToError(message: ErrorMessage, peer: PeerId): SkeinError {
  const code: ErrorCode = isErrorCode(message.code) ? message.code : 'internal';
  return new SkeinError(code, message.message, {
    peer: message.about ?? peer,
    details: {
      ...message.details,
      ...(code === message.code ? {} : { remoteCode: message.code }),
      ...(message.step === undefined ? {} : { step: message.step }),
      ...(message.epoch === undefined ? {} : { epoch: message.epoch }),
      reportedBy: peer,
    },
  });
}

/** The peer that an error is about, if it is a peer's fault at all. */
function culpritOf(error: SkeinError): PeerId | undefined {
  if (error.blame !== 'peer') return undefined;
  return errorMessageSchema.shape.about.safeParse(error.peer).data;
}

function detailsFor(error: SkeinError): ErrorMessage['details'] {
  const details: Record<string, string | number | boolean> = {};
  let count = 0;
  for (const [key, value] of Object.entries(error.details)) {
    if (count === detailsMax || !detailKeyPattern.test(key)) continue;
    if (forbiddenKeys.includes(key)) continue;
    if (typeof value === 'string') details[key] = cutText(value, detailCharactersMax);
    else if (typeof value === 'boolean') details[key] = value;
    else if (typeof value === 'number' && Number.isFinite(value)) details[key] = value;
    else continue;
    count += 1;
  }
  return count === 0 ? undefined : details;
}

/** Cuts text to a number of UTF-16 units, not within a pair of surrogates. */
function cutText(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const cut = text.slice(0, charactersMax - 1).replace(/[\ud800-\udbff]$/, '');
  return `${cut}…`;
}

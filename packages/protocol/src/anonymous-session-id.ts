import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { SessionId } from './ids.js';

const prefix = 'skein-session:';
const anonymousBytes = 8;

/**
 * What a session is called where it must not be opened: a session's id is a capability, and this
 * digest of it tells its hops' answers together, and nothing else. 16 hex digits.
 */
export function anonymousSessionId(session: SessionId): string {
  return bytesToHex(sha256(utf8ToBytes(prefix + session)).subarray(0, anonymousBytes));
}

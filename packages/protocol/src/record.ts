import type { PeerId } from './ids.js';
import type { RecordBody } from './messages/control.js';

/** A peer record whose signature, times and ranges were checked. */
export interface VerifiedRecord {
  readonly peer: PeerId;
  readonly body: RecordBody;
  /** The signed bytes, to be passed on unchanged. */
  readonly bytes: Uint8Array;
}

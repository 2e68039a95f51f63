import { limits, type PeerId, selectNewer, type VerifiedRecord } from '@skein/protocol';
import type { DirectoryChange } from './contracts.js';

/** `[peer id, sequence]`. */
export type DigestEntry = [string, number];

/** What two members have to tell each other. */
export interface DigestComparison {
  /** Records that the digest's sender lacks, or has an older one of. */
  readonly newer: readonly VerifiedRecord[];
  /** Peers of which the digest names a newer record than the table has. */
  readonly wanted: readonly string[];
}

/**
 * The newest record of each peer. Records that say goodbye stay until they expire, so that an
 * older copy which is still around does not bring the peer back.
 */
export class RecordTable {
  readonly #records = new Map<PeerId, VerifiedRecord>();

  /** Records, goodbyes included. */
  get size(): number {
    return this.#records.size;
  }

  /** All records but goodbyes. */
  visible(): VerifiedRecord[] {
    return [...this.#records.values()].filter(isVisible);
  }

  get(peer: PeerId): VerifiedRecord | null {
    const record = this.#records.get(peer);
    return record !== undefined && isVisible(record) ? record : null;
  }

  /**
   * Takes a verified record. Returns what changed for those who look, or null: the record is not
   * newer than the known one, is a goodbye of somebody unknown, or finds the table full.
   */
  offer(record: VerifiedRecord): DirectoryChange | null {
    const known = this.#records.get(record.peerId);
    if (known === undefined && this.#records.size >= limits.directoryRecordsMax) return null;
    if (known !== undefined && selectNewer(known, record) === known) return null;
    this.#records.set(record.peerId, record);
    const wasVisible = known !== undefined && isVisible(known);
    if (!isVisible(record)) return wasVisible ? { kind: 'left', record } : null;
    return { kind: wasVisible ? 'updated' : 'joined', record };
  }

  /** Removes what has expired at `now`. Goodbyes leave without a change. */
  expire(now: number): DirectoryChange[] {
    const changes: DirectoryChange[] = [];
    for (const [peer, record] of this.#records) {
      if (record.body.expiresAtMs > now) continue;
      this.#records.delete(peer);
      if (isVisible(record)) changes.push({ kind: 'expired', record });
    }
    return changes;
  }

  /** When the next record expires, in milliseconds since 1970; null for an empty table. */
  nextExpiryAtMs(): number | null {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { body } of this.#records.values()) earliest = Math.min(earliest, body.expiresAtMs);
    return Number.isFinite(earliest) ? earliest : null;
  }

  /** What the table holds, in short. */
  digest(): DigestEntry[] {
    return [...this.#records].map(([peer, { body }]) => [peer, body.sequence]);
  }

  /** Compares the table with another one's digest. */
  compare(entries: readonly DigestEntry[]): DigestComparison {
    const theirs = new Map(entries);
    const newer = [...this.#records.values()].filter(
      ({ peerId, body }) => (theirs.get(peerId) ?? -1) < body.sequence,
    );
    const wanted: string[] = [];
    for (const [peer, sequence] of theirs) {
      const known = this.#records.get(peer as PeerId);
      if (known === undefined || known.body.sequence < sequence) wanted.push(peer);
    }
    return { newer, wanted };
  }

  /** The records of the peers named, as far as they are known. */
  pick(peers: readonly string[]): VerifiedRecord[] {
    return peers.flatMap((peer) => this.#records.get(peer as PeerId) ?? []);
  }
}

function isVisible(record: VerifiedRecord): boolean {
  return record.body.state !== 'gone';
}

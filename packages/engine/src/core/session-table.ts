/** The sessions of an engine, and how many tokens each holds. Pure: no memory is behind it. */
import {
  type Ends,
  isSessionId,
  limits,
  type SessionId,
  type SessionUse,
  SkeinError,
  type Span,
  spanContains,
} from '@skein/protocol';
import { isHiddenType } from './hidden-element-bytes.js';
import { requireRecord } from './require-shapes.js';

/** One session's account. */
export interface SessionEntry {
  readonly id: SessionId;
  readonly use: SessionUse;
  /** Cached tokens. */
  length: number;
  /** Tokens that take room: more than `length` while a cache is being imported. */
  heldTokens: number;
}

/** Keeps the sessions and the token budget; used on both sides of the process boundary. */
export class SessionTable<Entry extends SessionEntry = SessionEntry> {
  private readonly entries = new Map<SessionId, Entry>();
  private readonly host: { readonly span: Span; readonly ends: Ends };
  private readonly kvTokensMax: number;

  constructor(host: { readonly span: Span; readonly ends: Ends }, kvTokensMax: number) {
    this.host = host;
    this.kvTokensMax = kvTokensMax;
  }

  get kvTokensFree(): number {
    let held = 0;
    for (const entry of this.entries.values()) held += entry.heldTokens;
    return this.kvTokensMax - held;
  }

  get ids(): SessionId[] {
    return [...this.entries.keys()];
  }

  /** @throws SkeinError `session-exists`, `not-hosting`, `limit-exceeded`, `bad-argument` */
  open(entry: Entry): void {
    this.check(entry.id, entry.use);
    this.entries.set(entry.id, entry);
  }

  /** Throws what {@link open} would throw. */
  check(id: SessionId, use: SessionUse): void {
    if (typeof id !== 'string' || !isSessionId(id)) {
      throw new SkeinError('bad-argument', 'A session is known by 32 hexadecimal digits.');
    }
    requireRecord(use, 'The use of a session');
    requireRecord(use.span, 'The span of a session');
    requireRecord(use.ends, 'The ends of a session');
    if (this.entries.has(id)) {
      throw new SkeinError('session-exists', `Session ${id} is open already.`);
    }
    if (this.entries.size >= limits.sessionsPerPeerMax) {
      throw new SkeinError('limit-exceeded', `${this.entries.size} sessions are open already.`);
    }
    if (!this.hosts(use)) {
      throw new SkeinError('not-hosting', 'The engine does not hold what the session wants.', {
        details: { wanted: use, hosted: this.host },
      });
    }
    const { residualType = 'f32' } = use;
    if (!isHiddenType(residualType)) {
      throw new SkeinError('bad-argument', `${String(residualType)} is no type of hidden rows.`);
    }
  }

  /** @throws SkeinError `session-unknown` */
  get(id: SessionId): Entry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new SkeinError('session-unknown', `There is no session ${id}.`);
    return entry;
  }

  find(id: SessionId): Entry | undefined {
    return this.entries.get(id);
  }

  /** Removes a session and returns it, or undefined when there is none. */
  close(id: SessionId): Entry | undefined {
    const entry = this.entries.get(id);
    this.entries.delete(id);
    return entry;
  }

  clear(): void {
    this.entries.clear();
  }

  private hosts({ span, ends }: SessionUse): boolean {
    const isOrdered =
      Number.isInteger(span.start) && Number.isInteger(span.end) && span.start <= span.end;
    // A session on the ends alone caches nothing, wherever its empty span lies.
    const hasBlocks = span.start === span.end || spanContains(this.host.span, span);
    const hasEnds =
      (!ends.embedding || this.host.ends.embedding) && (!ends.head || this.host.ends.head);
    return isOrdered && hasBlocks && hasEnds;
  }
}

import type { ModelHash, Priority, TokenId } from '@skein/protocol';
import type { SkeinClient } from '../../client/client.js';
import type { Conversation } from '../../client/conversation.js';
import type { Clock } from '../../clock.js';
import { gatewayLimits, reusableStepRows } from '../gateway-limits.js';

/** How much a {@link SessionPool} keeps. */
export interface SessionPoolLimits {
  readonly sessionsMax: number;
  readonly tokensMax: number;
  readonly idleMsMax: number;
}

/** A session that a generation works with until it is given back or discarded. */
export interface Lease {
  readonly conversation: Conversation;
  /** Tokens of the prompt that are computed already; the conversation ends there. */
  readonly reusedTokens: number;
  readonly owner: string;
  readonly priority: Priority;
}

/** What a session is wanted for. */
export interface LeaseRequest {
  readonly model: ModelHash;
  /** Sessions are reused within one owner only: how fast a prompt is must tell others nothing. */
  readonly owner: string;
  readonly priority: Priority;
  readonly tokens: readonly TokenId[];
  /** Only what makes no difference to a fresh session, to the last bit. */
  readonly isExact: boolean;
  readonly signal: AbortSignal;
}

interface KeptSession {
  readonly conversation: Conversation;
  readonly owner: string;
  /** Peers know it since the session was opened. */
  readonly priority: Priority;
  readonly cancelExpiry: () => void;
}

/**
 * Sessions that wait for the next turn of their conversation, or for another that begins alike.
 * They are bounded by count, tokens and time; the one that was used least recently goes first.
 */
export class SessionPool {
  readonly #client: SkeinClient;
  readonly #clock: Clock;
  readonly #limits: SessionPoolLimits;
  /** The least recently used first. */
  readonly #kept = new Set<KeptSession>();

  constructor(client: SkeinClient, clock: Clock, limits: SessionPoolLimits) {
    this.#client = client;
    this.#clock = clock;
    this.#limits = limits;
  }

  get count(): number {
    return this.#kept.size;
  }

  get tokenCount(): number {
    let tokens = 0;
    for (const { conversation } of this.#kept) tokens += conversation.tokens.length;
    return tokens;
  }

  /** The kept session that has most of the prompt, cut to it; else a new one. */
  async take(request: LeaseRequest): Promise<Lease> {
    const { owner, priority, signal } = request;
    const best = this.#findBest(request);
    if (best !== null) {
      this.#forget(best.kept);
      const { conversation } = best.kept;
      await conversation.truncate(best.length);
      return { conversation, reusedTokens: best.length, owner, priority };
    }
    const conversation = await this.#client.openSession({
      model: request.model,
      firstRows: reusableStepRows,
      priority,
      signal,
    });
    return { conversation, reusedTokens: 0, owner, priority };
  }

  /** Keeps a session whose generation has ended well. */
  giveBack({ conversation, owner, priority }: Lease): void {
    const cancelExpiry = this.#clock.schedule(this.#limits.idleMsMax, () => this.#drop(kept));
    const kept: KeptSession = { conversation, owner, priority, cancelExpiry };
    this.#kept.add(kept);
    for (const oldest of this.#kept) {
      const { sessionsMax, tokensMax } = this.#limits;
      if (this.count <= sessionsMax && this.tokenCount <= tokensMax) break;
      this.#drop(oldest);
    }
  }

  /** Ends a session on all its peers, within a second. */
  async discard({ conversation }: Lease): Promise<void> {
    await conversation.close();
  }

  /**
   * Closes all kept sessions: their caches are wanted for something that runs.
   * @returns how many there were
   */
  async dropAll(): Promise<number> {
    const dropped = [...this.#kept];
    for (const kept of dropped) this.#forget(kept);
    await Promise.all(dropped.map(({ conversation }) => conversation.close()));
    return dropped.length;
  }

  #findBest(request: LeaseRequest): { kept: KeptSession; length: number } | null {
    const { model, owner, priority, tokens, isExact } = request;
    // The last token is always computed: its logits are what is wanted.
    const beginning = tokens.slice(0, -1);
    let best: { kept: KeptSession; length: number } | null = null;
    for (const kept of this.#kept) {
      const { conversation } = kept;
      if (kept.owner !== owner || kept.priority !== priority) continue;
      if (conversation.model.hash !== model) continue;
      const length = conversation.commonLength(beginning, { isExact });
      if (length < gatewayLimits.reusedTokensMin || length <= (best?.length ?? 0)) continue;
      best = { kept, length };
    }
    return best;
  }

  #forget(kept: KeptSession): void {
    kept.cancelExpiry();
    this.#kept.delete(kept);
  }

  #drop(kept: KeptSession): void {
    this.#forget(kept);
    void kept.conversation.close();
  }
}

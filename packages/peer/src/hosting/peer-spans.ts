import type { EngineFailure, SkeinError, Span } from '@skein/protocol';
import type { Throughput } from '../announce/throughput.js';
import type { SessionHost } from '../session/session-host.js';
import { SessionHosts } from '../session/session-hosts.js';
import { type HostedSpan, type HostSpanOptions, hostSpan } from './hosted-span.js';
import type { Placement } from './place-peer.js';

/** Options of {@link PeerSpans}. */
export interface PeerSpansOptions extends HostSpanOptions {
  /** What happens to the engine of the span that is announced. */
  onEngineFailure(event: EngineFailure): void;
  /** Ends the wait for sessions that move elsewhere. Default: they have the time that any drain has. */
  readonly hurry?: AbortSignal;
}

/**
 * The spans that a peer hosts: the one that it announces, and while it moves the one before it,
 * whose sessions end, or the one that comes, which is being loaded.
 */
export class PeerSpans {
  /** An announced move; others plan with it. */
  nextSpan: Span | null = null;
  readonly #options: PeerSpansOptions;
  #placement: Placement;
  #current: HostedSpan | null = null;
  #coming: HostedSpan | null = null;
  /** They serve the sessions that they have, and then go. */
  readonly #former = new Set<HostedSpan>();
  /** The announced span was given up before another was loaded: it only refuses sessions. */
  #isCurrentFree = false;
  #tokenBlocksBefore = 0;

  /** @param placement what the peer announces, and is about to load */
  constructor(placement: Placement, options: PeerSpansOptions) {
    this.#placement = placement;
    this.#options = options;
  }

  /** What the peer announces that it hosts. */
  get placement(): Placement {
    return this.#placement;
  }

  /** The announced span's parts; null before the first is loaded. */
  get current(): HostedSpan | null {
    return this.#current;
  }

  /** Tokens times blocks computed since the start, on all spans. */
  get tokenBlocks(): number {
    return this.hosts.reduce((sum, host) => sum + host.tokenBlocks, this.#tokenBlocksBefore);
  }

  /** What takes sessions, the announced span's first. */
  get hosts(): readonly SessionHost[] {
    const all = new Set([...(this.#current === null ? [] : [this.#current]), ...this.#former]);
    return [...all].map(({ host }) => host);
  }

  /** Serves the session and push protocols. */
  async serve(): Promise<void> {
    await new SessionHosts(() => this.hosts).serve(this.#options.node);
  }

  /** Loads a span, which serves nobody until {@link promote}. One at a time. */
  async load(placement: Placement, signal: AbortSignal): Promise<void> {
    const throughput: Throughput | undefined = this.#current?.meter.throughput;
    const coming = await hostSpan(placement, this.#options, { signal, throughput });
    coming.engine.onFailure((event) => {
      if (this.#current === coming) this.#options.onEngineFailure(event);
    });
    this.#coming = coming;
  }

  /** Frees what was loaded in vain. */
  async discard(): Promise<void> {
    const coming = this.#coming;
    this.#coming = null;
    await coming?.engine.stop();
  }

  /**
   * What was loaded takes the place of what was announced, whose sessions go on until
   * {@link release}. Whoever calls it announces the change.
   *
   * @returns false when there is nothing that runs to take the place
   */
  promote(): boolean {
    const coming = this.#coming;
    if (coming === null || !coming.host.isEngineUp) return false;
    this.#coming = null;
    if (this.#current !== null) {
      if (this.#isCurrentFree) this.#tokenBlocksBefore += this.#current.host.tokenBlocks;
      else this.#former.add(this.#current);
    }
    this.#current = coming;
    this.#isCurrentFree = false;
    this.#placement = coming.placement;
    this.nextSpan = null;
    return true;
  }

  /** From now on the peer announces a span that is still to be loaded. */
  intend(placement: Placement): void {
    this.#placement = placement;
    this.nextSpan = null;
  }

  /**
   * Ends the sessions of the spans that the peer gave up, and frees these. Settles when all is free.
   *
   * @param why what clients are told; they go on elsewhere
   * @param options.isCurrent the announced span goes too: there is no room for another beside it
   * @returns sessions that had to go
   */
  async release(why: SkeinError, options: { isCurrent?: boolean } = {}): Promise<number> {
    if (options.isCurrent === true && this.#current !== null) this.#former.add(this.#current);
    const { hurry } = this.#options;
    const ended = [...this.#former].map(async (span) => {
      const { host, engine } = span;
      const sessions = host.sessionCount;
      await host.drain(hurry === undefined ? {} : { signal: hurry });
      await host.endAll(why);
      await engine.stop();
      this.#former.delete(span);
      if (this.#current === span) this.#isCurrentFree = true;
      else this.#tokenBlocksBefore += host.tokenBlocks;
      return sessions;
    });
    return (await Promise.all(ended)).reduce((sum, sessions) => sum + sessions, 0);
  }

  /** Ends all engines at once. */
  async stop(): Promise<void> {
    const all = [this.#coming, this.#current, ...this.#former].filter((span) => span !== null);
    await Promise.all(all.map(({ engine }) => engine.stop()));
  }
}

import type { Clock, Random } from '../clock.js';
import { parseMultiaddr, peerOfMultiaddr } from './addresses.js';
import type { SkeinNode } from './contracts.js';

/** Waits between rounds of dialling: quick at first, since a swarm's machines start together. */
const retryMsMin = 1_000;
const retryMsMax = 30_000;

/** Options of {@link BootstrapKeeper}. */
export interface BootstrapKeeperOptions {
  readonly node: Pick<SkeinNode, 'connect' | 'connectedPeers' | 'peer'>;
  readonly bootstrap: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Keeps a connection to every bootstrap node: whoever starts first, the swarm comes together, and
 * it does so again after a network was down.
 */
export class BootstrapKeeper {
  readonly #options: BootstrapKeeperOptions;
  /** Peers that answered at addresses which do not name one. */
  readonly #peers = new Map<string, string>();
  #abort: AbortController | undefined;
  #cancelTimer: (() => void) | undefined;
  #retryMs = retryMsMin;

  constructor(options: BootstrapKeeperOptions) {
    this.#options = options;
    for (const address of options.bootstrap) {
      const peer = peerOfMultiaddr(parseMultiaddr(address));
      if (peer !== null) this.#peers.set(address, peer);
    }
  }

  start(): void {
    if (this.#abort !== undefined || this.#options.bootstrap.length === 0) return;
    this.#abort = new AbortController();
    void this.#round(this.#abort.signal);
  }

  stop(): void {
    this.#abort?.abort();
    this.#abort = undefined;
    this.#cancelTimer?.();
  }

  async #round(signal: AbortSignal): Promise<void> {
    const { node, bootstrap, clock, random } = this.#options;
    const connected = new Set<string>([node.peer, ...node.connectedPeers]);
    const missing = bootstrap.filter((address) => !connected.has(this.#peers.get(address) ?? ''));
    const results = await Promise.allSettled(missing.map((address) => this.#dial(address, signal)));
    if (signal.aborted) return;
    const hasAll = results.every((result) => result.status === 'fulfilled');
    this.#retryMs = hasAll ? retryMsMin : Math.min(2 * this.#retryMs, retryMsMax);
    const waitMs = hasAll ? retryMsMax : this.#retryMs;
    this.#cancelTimer = clock.schedule(waitMs * (0.75 + random() / 2), () => {
      void this.#round(signal);
    });
  }

  async #dial(address: string, signal: AbortSignal): Promise<void> {
    this.#peers.set(address, await this.#options.node.connect([address], { signal }));
  }
}

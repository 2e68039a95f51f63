import { httpApiLimits, type SwarmEvent } from '@skein/protocol/http-api';

/** What happened lately, the newest `eventsMax`. */
export class EventLog {
  readonly #events: SwarmEvent[] = [];
  readonly #listeners = new Set<(event: SwarmEvent) => void>();
  #count = 0;

  add(event: Omit<SwarmEvent, 'id'>): void {
    this.#count += 1;
    const text = cut(event.text);
    const cause = event.cause === null ? null : cut(event.cause);
    const whole: SwarmEvent = { ...event, id: this.#count, text, cause };
    this.#events.push(whole);
    if (this.#events.length > httpApiLimits.eventsMax) this.#events.shift();
    for (const listener of this.#listeners) listener(whole);
  }

  /** Those after an id, the oldest first. An id of an earlier run, or none: all. */
  after(id: number | null): readonly SwarmEvent[] {
    if (id === null || id > this.#count) return [...this.#events];
    return this.#events.filter((event) => event.id > id);
  }

  /** Those of one peer, the newest first. */
  ofPeer(peer: string): SwarmEvent[] {
    const own = this.#events.filter((event) => event.peer === peer);
    return own.slice(-httpApiLimits.peerEventsMax).reverse();
  }

  onEvent(listener: (event: SwarmEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function cut(text: string): string {
  const { textCharactersMax } = httpApiLimits;
  return text.length <= textCharactersMax ? text : `${text.slice(0, textCharactersMax - 1)}…`;
}

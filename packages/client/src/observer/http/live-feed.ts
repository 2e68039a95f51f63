import type {
  LiveMessage,
  ModelState,
  PeerSummary,
  SessionsAnswer,
  SwarmEvent,
  SwarmHead,
} from '@skein/protocol/http-api';
import type { Clock } from '../../clock.js';
import type { Observer } from '../observer.js';
import { observerLimits } from '../observer-limits.js';

/** Whoever reads the live stream. */
export interface LiveReader {
  /** @returns false when it does not keep up, and is forgotten */
  send(text: string): boolean;
}

/** What readers were told last, each part as text to compare. */
interface Told {
  head: string;
  sessions: string;
  readonly models: Map<string, string>;
  readonly peers: Map<string, string>;
}

/** Tells all readers what has changed, once for all of them. */
export class LiveFeed {
  readonly #observer: Observer;
  readonly #clock: Clock;
  readonly #readers = new Set<LiveReader>();
  #told: Told | null = null;
  #cancelTimer = () => {};
  #unsubscribe = () => {};
  #quietMs = 0;

  constructor(observer: Observer, clock: Clock) {
    this.#observer = observer;
    this.#clock = clock;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** Sends what it lacks to a reader, and what changes from now on. Returns a function that ends it. */
  add(reader: LiveReader, lastEventId: number | null): () => void {
    this.#observer.attend();
    for (const event of this.#observer.eventsAfter(lastEventId)) reader.send(formatEvent(event));
    const { messages, told } = this.#state();
    for (const message of messages) reader.send(format(message));
    this.#readers.add(reader);
    if (this.#readers.size === 1) this.#begin(told);
    return () => this.#remove(reader);
  }

  stop(): void {
    this.#readers.clear();
    this.#end();
  }

  #begin(told: Told): void {
    this.#told = told;
    this.#quietMs = 0;
    this.#unsubscribe = this.#observer.onEvent((event) => this.#broadcast(formatEvent(event)));
    this.#schedule();
  }

  #end(): void {
    this.#cancelTimer();
    this.#unsubscribe();
    this.#told = null;
  }

  #schedule(): void {
    this.#cancelTimer = this.#clock.schedule(observerLimits.liveMs, () => {
      this.#tick();
      if (this.#readers.size > 0) this.#schedule();
    });
  }

  #remove(reader: LiveReader): void {
    if (this.#readers.delete(reader) && this.#readers.size === 0) this.#end();
  }

  #tick(): void {
    if (this.#told === null) return;
    this.#observer.attend();
    const changes = this.#changes(this.#told);
    for (const message of changes) this.#broadcast(format(message));
    this.#quietMs = changes.length > 0 ? 0 : this.#quietMs + observerLimits.liveMs;
    if (this.#quietMs < observerLimits.heartbeatMs) return;
    this.#quietMs = 0;
    this.#broadcast(': all is as it was\n\n');
  }

  #broadcast(text: string): void {
    for (const reader of [...this.#readers]) if (!reader.send(text)) this.#remove(reader);
  }

  /** Everything, and its texts. */
  #state(): { messages: LiveMessage[]; told: Told } {
    const head = this.#observer.head();
    const { models } = this.#observer.models();
    const peers = this.#observer.peers();
    const sessions = this.#observer.sessions();
    return {
      messages: [
        { type: 'swarm', head },
        { type: 'models', models, gone: [] },
        { type: 'peers', isWhole: true, peers, gone: [] },
        { type: 'sessions', ...sessions },
      ],
      told: {
        head: headText(head),
        sessions: sessionsText(sessions),
        models: new Map(models.map((model) => [model.hash, JSON.stringify(model)])),
        peers: new Map(peers.map((peer) => [peer.id, peerText(peer)])),
      },
    };
  }

  #changes(told: Told): LiveMessage[] {
    const changes: LiveMessage[] = [];
    const head = this.#observer.head();
    const text = headText(head);
    if (text !== told.head) changes.push({ type: 'swarm', head });
    told.head = text;
    const { models } = this.#observer.models();
    const byHash = ({ hash }: ModelState) => hash;
    const model = difference(told.models, models, { keyOf: byHash, textOf: JSON.stringify });
    if (model.changed.length + model.gone.length > 0) {
      changes.push({ type: 'models', models: model.changed, gone: model.gone });
    }
    const peers = this.#observer.peers();
    const peer = difference(told.peers, peers, { keyOf: ({ id }) => id, textOf: peerText });
    if (peer.changed.length + peer.gone.length > 0) {
      changes.push({ type: 'peers', isWhole: false, peers: peer.changed, gone: peer.gone });
    }
    const sessions = this.#observer.sessions();
    const sessionText = sessionsText(sessions);
    if (sessionText !== told.sessions) changes.push({ type: 'sessions', ...sessions });
    told.sessions = sessionText;
    return changes;
  }
}

/** What differs from what was told, which is brought up to date. */
function difference<Item>(
  told: Map<string, string>,
  items: readonly Item[],
  { keyOf, textOf }: { keyOf(item: Item): string; textOf(item: Item): string },
): { changed: Item[]; gone: string[] } {
  const present = new Set(items.map(keyOf));
  const gone = [...told.keys()].filter((key) => !present.has(key));
  for (const key of gone) told.delete(key);
  const changed = items.filter((item) => {
    const [key, text] = [keyOf(item), textOf(item)];
    if (told.get(key) === text) return false;
    told.set(key, text);
    return true;
  });
  return { changed, gone };
}

// Times that pass by themselves are no change.

function headText(head: SwarmHead): string {
  return JSON.stringify({ ...head, atMs: 0 });
}

function peerText(peer: PeerSummary): string {
  const { reachability } = peer;
  return JSON.stringify({
    ...peer,
    uptimeMs: 0,
    seenAtMs: 0,
    reachability: {
      ...reachability,
      checkedAtMs: 0,
      roundTripMs: Math.round(reachability.roundTripMs ?? 0),
    },
  });
}

function sessionsText({ count, sessions, edges }: SessionsAnswer): string {
  const timeless = sessions.map((session) => ({ ...session, ageMs: 0 }));
  return JSON.stringify([count, timeless, edges]);
}

function format(message: LiveMessage): string {
  return `event: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`;
}

/** With its id, so that a reader who comes back can say what it has. */
function formatEvent(event: SwarmEvent): string {
  return `id: ${event.id}\n${format({ type: 'event', event })}`;
}

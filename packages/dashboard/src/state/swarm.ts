import { batch, computed, signal } from '@preact/signals';
import type {
  ApiEdge,
  ApiSession,
  LiveMessage,
  ModelState,
  PeerSummary,
  SwarmEvent,
  SwarmHead,
} from '@skein/protocol/http-api';
import { dashboardLimits } from '../dashboard-limits.js';

/** What the server told last. */
export const head = signal<SwarmHead | null>(null);
export const models = signal<readonly ModelState[]>([]);
export const peers = signal<ReadonlyMap<string, PeerSummary>>(new Map());
export const sessions = signal<readonly ApiSession[]>([]);
export const sessionCount = signal(0);
export const edges = signal<readonly ApiEdge[]>([]);
/** Newest first. */
export const events = signal<readonly SwarmEvent[]>([]);

/** The model that the page looks at: the one that was chosen, else the one with the most peers. */
export const chosenModel = signal<string | null>(null);
export const model = computed<ModelState | null>(() => {
  const all = models.value;
  const chosen = all.find(({ hash }) => hash === chosenModel.value);
  if (chosen !== undefined) return chosen;
  return all.reduce<ModelState | null>(
    (most, other) => (most === null || other.peers > most.peers ? other : most),
    null,
  );
});

/** Takes a message of the live stream. */
export function applyMessage(message: LiveMessage): void {
  batch(() => {
    switch (message.type) {
      case 'swarm':
        head.value = message.head;
        break;
      case 'models':
        models.value = mergeModels(message.models, message.gone);
        break;
      case 'peers':
        peers.value = mergePeers(message);
        break;
      case 'sessions':
        sessions.value = message.sessions;
        sessionCount.value = message.count;
        edges.value = message.edges;
        break;
      case 'event':
        addEvent(message.event);
        break;
    }
  });
}

function mergeModels(changed: readonly ModelState[], gone: readonly string[]) {
  const byHash = new Map(models.peek().map((known) => [known.hash, known]));
  for (const hash of gone) byHash.delete(hash);
  for (const state of changed) byHash.set(state.hash, state);
  return [...byHash.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function mergePeers(message: Extract<LiveMessage, { type: 'peers' }>) {
  const merged = new Map(message.isWhole ? [] : peers.peek());
  for (const id of message.gone) merged.delete(id);
  for (const peer of message.peers) merged.set(peer.id, peer);
  return merged;
}

function addEvent(event: SwarmEvent): void {
  const known = events.peek();
  // A server that was started anew counts from the beginning.
  const isAgain = known.some(({ id, atMs }) => id === event.id && atMs === event.atMs);
  if (!isAgain) events.value = [event, ...known].slice(0, dashboardLimits.eventsMax);
}

import { signal } from '@preact/signals';
import type { LiveMessage } from '@skein/protocol/http-api';
import { paths } from './api.js';
import { applyMessage } from './swarm.js';

/** Whether what is shown is of now. */
export const connection = signal<'waiting' | 'live' | 'lost'>('waiting');

const types: readonly LiveMessage['type'][] = ['swarm', 'models', 'peers', 'sessions', 'event'];

/** Shows the swarm as it is, from now on. The browser connects again by itself. */
export function startLive(): void {
  const source = new EventSource(paths.events);
  const take = (message: MessageEvent<string>) => {
    connection.value = 'live';
    applyMessage(JSON.parse(message.data) as LiveMessage);
  };
  for (const type of types) source.addEventListener(type, take);
  source.onerror = () => {
    connection.value = 'lost';
    // A refusal ends the source for good; the server may yet come to take us.
    if (source.readyState === EventSource.CLOSED) setTimeout(startLive, reconnectMs);
  };
}

const reconnectMs = 3000;

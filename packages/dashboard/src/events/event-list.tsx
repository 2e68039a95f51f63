import type { SwarmEvent } from '@skein/protocol/http-api';
import { addressOfPeer } from '../state/place.js';
import { signs } from './event-groups.js';

/** Events, each with its time, its kind as a sign and a word, and its cause. */
export function EventList({ events }: { readonly events: readonly SwarmEvent[] }) {
  return (
    <ol class="events">
      {events.map((event) => (
        <li key={`${event.atMs}.${event.id}`}>
          <Entry event={event} />
        </li>
      ))}
    </ol>
  );
}

function Entry({ event }: { readonly event: SwarmEvent }) {
  const { atMs, kind, peer, text, cause } = event;
  const { path, tone } = signs[kind];
  const date = new Date(atMs);
  // A cause that is a part of the sentence already need not be said twice.
  const isTold = cause === null || text.includes(cause);
  return (
    <>
      <time dateTime={date.toISOString()} title={date.toLocaleString()}>
        {clock(date)}
      </time>
      <span class={`kind ${tone}`}>
        <svg viewBox="0 0 16 16" width="16" height="16" fill="none" aria-hidden="true">
          <path
            d={path}
            stroke="currentColor"
            stroke-width="1.8"
            stroke-linecap="round"
            stroke-linejoin="round"
          />
        </svg>
        {kind === 'draining' ? 'leaving' : kind}
      </span>
      <span class="what">
        {peer === null ? text : <a href={addressOfPeer(peer)}>{text}</a>}
        {!isTold && <span class="note">{cause}</span>}
      </span>
    </>
  );
}

/** `14:03:07`, and the day before it where it is not today. */
function clock(date: Date): string {
  const time = date.toLocaleTimeString('en-GB');
  const isToday = date.toDateString() === new Date().toDateString();
  return isToday
    ? time
    : `${date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${time}`;
}

import { useSignal } from '@preact/signals';
import type { SwarmEvent, SwarmEventKind } from '@skein/protocol/http-api';
import { dashboardLimits } from '../dashboard-limits.js';
import { events } from '../state/swarm.js';
import { type GroupName, groups } from './event-groups.js';
import { EventList } from './event-list.js';

/** What happened, newest first, as it happens. */
export function EventsView() {
  const group = useSignal<GroupName>('all');
  const search = useSignal('');
  const found = events.value.filter((event) => isWanted(event, group.value, search.value));
  const shown = found.slice(0, dashboardLimits.shownEventsMax);
  return (
    <section aria-labelledby="events-title">
      <div class="section-head">
        <h2 id="events-title">What happened</h2>
        <form class="tools" onSubmit={(event) => event.preventDefault()}>
          <fieldset class="choices">
            <legend class="unseen">Kind</legend>
            {(Object.keys(groups) as GroupName[]).map((name) => (
              <label key={name}>
                <input
                  class="unseen"
                  type="radio"
                  name="kind"
                  checked={group.value === name}
                  onChange={() => {
                    group.value = name;
                  }}
                />
                {name}
              </label>
            ))}
          </fieldset>
          <label class="pick">
            <span class="label">Search</span>
            <input
              class="field"
              type="search"
              placeholder="peer, block, reason"
              value={search.value}
              onInput={(event) => {
                search.value = event.currentTarget.value;
              }}
            />
          </label>
        </form>
      </div>
      {shown.length === 0 ? (
        <p class="empty">{events.value.length === 0 ? 'Nothing yet.' : 'Nothing of that kind.'}</p>
      ) : (
        <EventList events={shown} />
      )}
      {found.length > shown.length && (
        <p class="note">
          {shown.length} of {found.length} shown.
        </p>
      )}
    </section>
  );
}

function isWanted(event: SwarmEvent, group: GroupName, search: string): boolean {
  const kinds: readonly SwarmEventKind[] | null = groups[group];
  if (kinds !== null && !kinds.includes(event.kind)) return false;
  const part = search.trim().toLowerCase();
  const text = `${event.text} ${event.cause ?? ''} ${event.peer ?? ''}`;
  return part === '' || text.toLowerCase().includes(part);
}

import { duration, plural, rate } from '@skein/look';
import type { ApiSession } from '@skein/protocol/http-api';
import { dashboardLimits } from '../dashboard-limits.js';
import { model, sessionCount, sessions } from '../state/swarm.js';
import { litSessionId } from './map-state.js';

/** The sessions of the model. Choosing one lights its route on the map. */
export function SessionList() {
  const hash = model.value?.hash;
  const own = sessions.value.filter((session) => session.model.hash === hash);
  const shown = own.slice(0, dashboardLimits.shownSessionsMax);
  return (
    <section aria-labelledby="sessions-title">
      <div class="section-head">
        <h2 id="sessions-title">Sessions</h2>
        <p class="note">
          {sessionCount.value === 0
            ? 'Nobody is generating now.'
            : `${plural(sessionCount.value, 'session')}${
                shown.length < sessionCount.value ? `, ${shown.length} of this model shown` : ''
              }. Choose one to see its route on the map.`}
        </p>
      </div>
      <ul class="sessions">
        {shown.map((session) => (
          <Entry key={session.id} session={session} />
        ))}
      </ul>
    </section>
  );
}

function Entry({ session }: { readonly session: ApiSession }) {
  const { id, route, tokensPerSecond, contextTokens, reroutes, ageMs, isIdle, isWhole } = session;
  const isLit = litSessionId.value === id;
  const facts = [
    isIdle ? 'idle' : `${rate(tokensPerSecond)} tokens/s`,
    `${contextTokens.toLocaleString('en')} tokens`,
    duration(ageMs),
    ...(reroutes > 0 ? [plural(reroutes, 'reroute')] : []),
    ...(isWhole ? [] : ['some hops unheard']),
  ];
  return (
    <li>
      <button
        type="button"
        class="session"
        aria-pressed={isLit}
        onClick={() => {
          litSessionId.value = isLit ? null : id;
          // The map may be far above on a narrow screen.
          if (!isLit) document.getElementById('map-title')?.scrollIntoView({ block: 'nearest' });
        }}
      >
        <code>{id.slice(0, 8)}</code>
        <span class="way" aria-hidden="true">
          {route.map(({ peer, span }) => (
            <i key={peer} style={{ flexGrow: span.end - span.start }} />
          ))}
        </span>
        <span class="names">
          {route.map(({ name, peer }) => name || peer.slice(-6)).join(' → ')}
        </span>
        <span class="note">{facts.join(' · ')}</span>
      </button>
    </li>
  );
}

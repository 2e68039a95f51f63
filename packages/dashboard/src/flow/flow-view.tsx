import { useSignal, useSignalEffect } from '@preact/signals';
import { duration, rate } from '@skein/look';
import type { ApiEdge, ApiSession } from '@skein/protocol/http-api';
import { useEffect, useRef } from 'preact/hooks';
import { dashboardLimits } from '../dashboard-limits.js';
import { ModelPicker } from '../head/headline.js';
import { addressOfPeer } from '../state/place.js';
import { edges, model, peers, sessions } from '../state/swarm.js';
import { FlowCanvas } from './flow-canvas.js';
import { type RouteChange, routeChanges } from './route-changes.js';

/** A change of a route, with when it was seen. */
export interface SeenChange extends RouteChange {
  readonly seenAtMs: number;
}

/** How activations flow now, how far peers are from each other, and which routes changed. */
export function FlowView() {
  const before = useRef<readonly ApiSession[]>([]);
  const changes = useSignal<readonly SeenChange[]>([]);
  useSignalEffect(() => {
    const after = sessions.value;
    const seenAtMs = performance.now();
    const fresh = routeChanges(before.current, after).map((change) => ({ ...change, seenAtMs }));
    before.current = after;
    if (fresh.length === 0) return;
    changes.value = [...fresh, ...changes.peek()].slice(0, dashboardLimits.shownReroutesMax);
  });
  useEffect(
    () => () => {
      before.current = [];
    },
    [],
  );
  if (model.value === null) return <p class="empty">No peer hosts a model yet.</p>;
  return (
    <>
      <section aria-labelledby="flow-title">
        <div class="section-head">
          <h2 id="flow-title">Activations on their way</h2>
          <form class="tools" onSubmit={(event) => event.preventDefault()}>
            <ModelPicker />
          </form>
        </div>
        <FlowCanvas changes={changes} />
        <p class="note">
          From the first block at the left to the last at the right; clients are at both margins.
          Point at a peer for its distances in milliseconds.
        </p>
        <ul class="changes" aria-live="polite" aria-label="Reroutes">
          {changes.value.map(({ session, text, seenAtMs }) => (
            <li key={`${session}${seenAtMs}`}>
              <span class="knot ring" aria-hidden="true" />
              Session <code>{session.slice(0, 8)}</code>: {text}
            </li>
          ))}
        </ul>
      </section>
      <Edges />
    </>
  );
}

function Edges() {
  const nameOf = (id: string) => peers.value.get(id)?.name || id.slice(-8);
  const hash = model.value?.hash;
  const own = edges.value.filter(({ from }) => peers.value.get(from)?.model.hash === hash);
  const shown = [...own].sort(byTraffic).slice(0, dashboardLimits.shownEdgesMax);
  return (
    <section aria-labelledby="edges-title">
      <div class="section-head">
        <h2 id="edges-title">From peer to peer</h2>
        <p class="note">
          The busiest first{own.length > shown.length ? `, ${shown.length} of ${own.length}` : ''}.
        </p>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables scroll, by keyboard as well. */}
      <section class="wide" tabIndex={0} aria-label="Edges">
        <table>
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col" class="number">
                There and back
              </th>
              <th scope="col" class="number">
                Sessions
              </th>
              <th scope="col" class="number">
                Tokens/s
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(({ from, to, roundTripMs, sessions: count, tokensPerSecond }) => (
              <tr key={`${from}${to}`}>
                <td>
                  <a href={addressOfPeer(from)}>{nameOf(from)}</a>
                </td>
                <td>
                  <a href={addressOfPeer(to)}>{nameOf(to)}</a>
                </td>
                <td class="number">{roundTripMs === null ? 'unknown' : duration(roundTripMs)}</td>
                <td class="number">{count}</td>
                <td class="number">{rate(tokensPerSecond)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </section>
  );
}

function byTraffic(a: ApiEdge, b: ApiEdge): number {
  return b.sessions - a.sessions || b.tokensPerSecond - a.tokensPerSecond;
}

import { useSignal } from '@preact/signals';
import { sentence } from '@skein/look';
import type { PeerAnswer } from '@skein/protocol/http-api';
import { useEffect } from 'preact/hooks';
import { dashboardLimits } from '../dashboard-limits.js';
import { EventList } from '../events/event-list.js';
import { fetchPeer, type Outcome } from '../state/api.js';
import { Neighbours } from './neighbours.js';
import { PeerFacts } from './peer-facts.js';
import { ReachCheck } from './reach-check.js';
import { SpanStrip } from './span-strip.js';

const stateWords: Readonly<Record<PeerAnswer['state'], string>> = {
  joining: 'joining',
  serving: 'serving',
  draining: 'leaving',
  lost: 'lost',
};

/** All that is known of one peer, asked anew every few seconds. */
export function PeerView({ id }: { readonly id: string }) {
  const outcome = useSignal<Outcome<PeerAnswer> | null>(null);
  useEffect(() => {
    const leave = new AbortController();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const ask = async () => {
      const next = await fetchPeer(id, leave.signal);
      if (leave.signal.aborted) return;
      outcome.value = next;
      timer = setTimeout(() => void ask(), dashboardLimits.peerRefreshMs);
    };
    void ask();
    return () => {
      leave.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [id, outcome]);
  const known = outcome.value;
  if (known === null) return <h1 class="peer-title">A peer</h1>;
  if (known.kind === 'failure') {
    return (
      <section class="headline">
        <h1>This peer is not here.</h1>
        <p class="lead">{known.text}</p>
        <p>
          <a href="#/">All peers</a>
        </p>
      </section>
    );
  }
  return <Known peer={known.answer} />;
}

function Known({ peer }: { readonly peer: PeerAnswer }) {
  const { name, id, state, spanReason, model, events } = peer;
  return (
    <>
      <section class="headline small">
        <p class={`state ${state}`}>{stateWords[state]}</p>
        <h1 class="peer-title">{name || id.slice(-8)}</h1>
        <p class="id">
          <code>{id}</code>
        </p>
      </section>
      <section aria-labelledby="span-title">
        <h2 id="span-title">Its blocks of {model.name}</h2>
        <SpanStrip peer={peer} />
        {spanReason !== null && <p class="reason">{sentence(spanReason)}</p>}
      </section>
      <PeerFacts peer={peer} />
      <section aria-labelledby="reach-title">
        <h2 id="reach-title">Within reach</h2>
        <ReachCheck peer={peer} />
        <Neighbours peer={peer} />
      </section>
      <section aria-labelledby="peer-events-title">
        <h2 id="peer-events-title">What happened to it</h2>
        {events.length === 0 ? <p class="empty">Nothing yet.</p> : <EventList events={events} />}
      </section>
    </>
  );
}

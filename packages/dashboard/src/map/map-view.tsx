import { plural } from '@skein/look';
import { ModelPicker } from '../head/headline.js';
import { model, peers } from '../state/swarm.js';
import { type Order, orders } from './arrange-peers.js';
import { BlockMap } from './block-map.js';
import { Legend } from './legend.js';
import { isWholeShown, order, rows, search, stateFilter } from './map-state.js';
import { SessionList } from './session-list.js';

/** Who hosts what: the map, what it shows, and the sessions that pass through it. */
export function MapView() {
  if (model.value === null) {
    return peers.value.size === 0 ? <Nobody /> : null;
  }
  return (
    <>
      <section class="map-section" aria-labelledby="map-title">
        <div class="section-head">
          <h2 id="map-title">Peers and blocks</h2>
          <Tools />
        </div>
        <BlockMap />
        <Legend />
      </section>
      <SessionList />
    </>
  );
}

function Nobody() {
  return (
    <p class="empty">
      No peer hosts a model yet. <a href="#/help">Be the first.</a>
    </p>
  );
}

const orderNames: Readonly<Record<Order, string>> = {
  block: 'first block',
  name: 'name',
  load: 'load',
  sessions: 'sessions',
};

const stateNames = {
  serving: 'serving',
  joining: 'joining',
  draining: 'leaving',
  lost: 'lost',
} as const;

type StateName = keyof typeof stateNames;

function Tools() {
  return (
    <form class="tools" onSubmit={(event) => event.preventDefault()}>
      <ModelPicker />
      <label class="pick">
        <span class="label">Sorted by</span>
        <select
          class="field"
          value={order.value}
          onChange={(event) => {
            order.value = event.currentTarget.value as Order;
          }}
        >
          {orders.map((name) => (
            <option key={name} value={name}>
              {orderNames[name]}
            </option>
          ))}
        </select>
      </label>
      <label class="pick">
        <span class="label">State</span>
        <select
          class="field"
          value={stateFilter.value ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget;
            stateFilter.value = value === '' ? null : (value as StateName);
          }}
        >
          <option value="">all</option>
          {(Object.keys(stateNames) as StateName[]).map((name) => (
            <option key={name} value={name}>
              {stateNames[name]}
            </option>
          ))}
        </select>
      </label>
      <label class="pick">
        <span class="label">Name</span>
        <input
          class="field"
          type="search"
          placeholder="part of a name"
          value={search.value}
          onInput={(event) => {
            search.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isWholeShown.value}
          onChange={(event) => {
            isWholeShown.value = event.currentTarget.checked;
          }}
        />
        all at once
      </label>
      <p class="note" role="status">
        {plural(rows.value.length, 'peer')}
      </p>
    </form>
  );
}

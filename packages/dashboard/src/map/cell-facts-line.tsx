import { model } from '../state/swarm.js';
import { blockFacts, peerFacts } from './cell-facts.js';
import { cursor, rows } from './map-state.js';

/** What is pointed at, in words. */
export function CellFactsLine() {
  const state = model.value;
  const cell = cursor.value;
  const peer = rows.value[cell?.row ?? -1];
  if (state === null || cell === null || peer === undefined) {
    return (
      <p class="facts" id="map-facts" role="status">
        <span class="hint">Point at a cell, or walk there with the arrow keys.</span>
      </p>
    );
  }
  return (
    <p class="facts" id="map-facts" role="status">
      <strong>{peer.name || peer.id.slice(-8)}</strong> {peerFacts(peer).join(' · ')}
      <span class="block-facts">{blockFacts(state, cell.block)}</span>
    </p>
  );
}

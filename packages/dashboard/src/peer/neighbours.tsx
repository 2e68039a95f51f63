import { duration } from '@skein/look';
import type { PeerAnswer } from '@skein/protocol/http-api';
import { addressOfPeer } from '../state/place.js';

/** How far others are from a peer, the nearest first. */
export function Neighbours({ peer }: { readonly peer: PeerAnswer }) {
  const sorted = [...peer.neighbours].sort((a, b) => a.roundTripMs - b.roundTripMs);
  if (sorted.length === 0) return <p class="note">It has told of no neighbours yet.</p>;
  const most = Math.max(1, ...sorted.map(({ roundTripMs }) => roundTripMs));
  return (
    <ul class="neighbours" aria-label="Neighbours, by distance">
      {sorted.map(({ peer: id, name, roundTripMs }) => (
        <li key={id}>
          <a href={addressOfPeer(id)}>{name || id.slice(-8)}</a>
          <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
            <rect x="0" y="3" width={(roundTripMs / most) * 100} height="2" />
          </svg>
          <span>{duration(roundTripMs)}</span>
        </li>
      ))}
    </ul>
  );
}

import { useSignal } from '@preact/signals';
import { duration, Icon } from '@skein/look';
import type { PeerAnswer, ReachableAnswer } from '@skein/protocol/http-api';
import { useEffect, useRef } from 'preact/hooks';
import { checkReachable, type Outcome } from '../state/api.js';

const kinds: Readonly<Record<PeerAnswer['reachability']['kind'], string>> = {
  self: 'This is the node that serves this page.',
  direct: 'Reached directly',
  relayed: 'Reached through another node',
  reported: 'Seen through another peer; not reached from here',
  unreachable: 'Not reached',
  unknown: 'Not tried yet.',
};

/** How the serving node reaches a peer, and a button to try now. */
export function ReachCheck({ peer }: { readonly peer: PeerAnswer }) {
  const outcome = useSignal<Outcome<ReachableAnswer> | 'asking' | null>(null);
  const leave = useRef(new AbortController());
  useEffect(() => () => leave.current.abort(), []);
  const ask = async () => {
    outcome.value = 'asking';
    outcome.value = await checkReachable(peer.id, leave.current.signal);
  };
  const { kind, roundTripMs, reason } = peer.reachability;
  const time = roundTripMs === null ? '' : ` in ${duration(roundTripMs)}`;
  const why = reason === null ? '' : `: ${reason}`;
  const isSentence = kinds[kind].endsWith('.');
  return (
    <div class="reach">
      <p>{isSentence ? kinds[kind] : `${kinds[kind]}${time}${why}.`}</p>
      {kind !== 'self' && (
        <button
          type="button"
          class="button"
          disabled={outcome.value === 'asking'}
          onClick={() => void ask()}
        >
          <Icon name="again" />
          Try to reach it now
        </button>
      )}
      <p role="status" class="note">
        {outcome.value === 'asking' && 'Dialling…'}
        {outcome.value !== null &&
          outcome.value !== 'asking' &&
          (outcome.value.kind === 'answer' ? outcome.value.answer.text : outcome.value.text)}
      </p>
    </div>
  );
}

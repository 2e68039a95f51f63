import { blocks } from '@skein/look';
import type { Hop } from '../api/route-news.js';
import { chatLimits } from '../chat-limits.js';
import type { Answer } from '../conversations/conversation.js';
import { current } from '../state/conversations.js';

/**
 * The thread: each knot is a peer, as far from the next as it has blocks. Light runs along it while
 * an answer is made; a peer that took a lost one's place is tied in with a ring.
 */
export function RouteThread() {
  const last = current.value?.messages.at(-1);
  if (last?.role !== 'assistant' || (last.hops.length === 0 && last.missing.length === 0)) {
    return <div class="route idle" aria-hidden="true" />;
  }
  const isRunning = last.state === 'running';
  const newPeers = new Set(last.reroutes.flatMap(({ newPeers }) => newPeers));
  return (
    <section class={isRunning ? 'route running' : 'route'} aria-label="Route of the answer">
      <ol>
        {last.hops.map((hop) => (
          <HopView
            key={hop.peer}
            hop={hop}
            isNew={newPeers.has(hop.peer)}
            hasName={last.hops.length <= chatLimits.namedHopsMax}
          />
        ))}
      </ol>
      <p class={last.missing.length > 0 ? 'news waiting' : 'news'}>{newsOf(last)}</p>
    </section>
  );
}

interface HopProps {
  readonly hop: Hop;
  readonly isNew: boolean;
  readonly hasName: boolean;
}

function HopView({ hop, isNew, hasName }: HopProps) {
  const { name, start, end } = hop;
  return (
    <li
      class={isNew ? 'new' : undefined}
      style={{ flexGrow: end - start }}
      title={`${name}: ${blocks(hop)}`}
    >
      <span class="knot" aria-hidden="true" />
      <span class={hasName ? 'name' : 'unseen'}>
        {name}
        <span class="unseen">
          {isNew ? ', new, ' : ', '}
          {blocks(hop)}
        </span>
      </span>
    </li>
  );
}

function newsOf({ missing, reroutes, hops }: Answer): string {
  if (missing.length > 0) {
    return `Nobody hosts ${missing.map(blocks).join(', ')} now: waiting for a peer…`;
  }
  const newest = reroutes.at(-1);
  if (newest !== undefined) return newest.text;
  return hops.length === 1
    ? 'One peer has all blocks.'
    : `${hops.length} peers, one after the other.`;
}

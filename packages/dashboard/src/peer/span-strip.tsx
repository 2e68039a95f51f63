import { blocks } from '@skein/look';
import type { PeerAnswer } from '@skein/protocol/http-api';
import { models } from '../state/swarm.js';

/** The model as a line, with the peer's span on it, and where it moves. */
export function SpanStrip({ peer }: { readonly peer: PeerAnswer }) {
  const { span, nextSpan, ends, model } = peer;
  const blockCount = models.value.find(({ hash }) => hash === model.hash)?.blockCount ?? span.end;
  const share = (block: number) => (block / Math.max(1, blockCount)) * 100;
  const ended = [ends.embedding && 'the embedding', ends.head && 'the head'].filter(Boolean);
  return (
    <figure class="strip">
      <svg viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true">
        <rect class="whole" x="0" y="5.5" width="100" height="1" />
        <rect
          class="own"
          x={share(span.start)}
          y="2"
          width={share(span.end - span.start)}
          height="8"
        />
        {nextSpan !== null && (
          <rect
            class="next"
            x={share(nextSpan.start)}
            y="1"
            width={share(nextSpan.end - nextSpan.start)}
            height="10"
          />
        )}
      </svg>
      <figcaption>
        {sentence(blocks(span))} of {blockCount}
        {ended.length > 0 && `, with ${ended.join(' and ')}`}
        {nextSpan !== null && `; about to move to ${blocks(nextSpan)}`}.
      </figcaption>
    </figure>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

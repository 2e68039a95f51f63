import { blocks, plural, rate } from '@skein/look';
import type { ModelState, PeerSummary } from '@skein/protocol/http-api';
import { loadOf } from './load.js';

const states: Readonly<Record<PeerSummary['state'], string>> = {
  joining: 'joining',
  serving: 'serving',
  draining: 'leaving',
  lost: 'lost',
};

/** A peer in one line: what a row of the map says. */
export function peerFacts(peer: PeerSummary): readonly string[] {
  const { span, state, kv, queuedRows, sessions, nextSpan, ends } = peer;
  const ended = [ends.embedding && 'the embedding', ends.head && 'the head'].filter(Boolean);
  const cached = kv.maxTokens === 0 ? 0 : 1 - kv.freeTokens / kv.maxTokens;
  return [
    states[state],
    `${blocks(span)}${ended.length > 0 ? `, with ${ended.join(' and ')}` : ''}`,
    ...(nextSpan === null ? [] : [`moving to ${blocks(nextSpan)}`]),
    plural(sessions, 'session'),
    `cache ${Math.round(cached * 100)} % full`,
    plural(queuedRows, 'row waiting', 'rows waiting'),
    `load ${Math.round(loadOf(peer) * 100)} %`,
  ];
}

/** A block in one line: what a column says. */
export function blockFacts(model: ModelState, block: number): string {
  const coverage = model.coverage[block];
  if (coverage === undefined) return `block ${block}`;
  if (coverage.peers === 0) return `block ${block}: nobody serves it`;
  const peers = plural(coverage.peers, 'peer');
  const only = coverage.peers === model.weakest?.peers ? ', the fewest' : '';
  return `block ${block}: ${peers}${only}, ${rate(coverage.stepsPerSecond)} steps/s`;
}

import { blocks, duration } from '@skein/look';
import type { Failure } from '../api/failure.js';
import type { Reroute, RouteNews } from '../api/route-news.js';
import { chatLimits } from '../chat-limits.js';
import type { Answer } from '../conversations/conversation.js';

type Change = (answer: Answer) => Answer;

/** Writes an answer as it comes: often enough for the eye, not with every token. */
export class AnswerWriter {
  readonly #apply: (change: Change) => void;
  readonly #startedAtMs = performance.now();
  #firstAtMs: number | null = null;
  #pending = '';
  #length = 0;
  /** Of every peer that was ever on the route. */
  readonly #names = new Map<string, string>();
  #redraw: ReturnType<typeof setTimeout> | null = null;
  #reason: 'stop' | 'length' = 'stop';
  #tokens: number | null = null;

  /** @param apply changes the answer that is shown */
  constructor(apply: (change: Change) => void) {
    this.#apply = apply;
  }

  add(text: string): void {
    this.#firstAtMs ??= performance.now();
    this.#length += text.length;
    if (this.#length > chatLimits.answerCharactersMax)
      throw new RangeError('the answer is too long');
    this.#pending += text;
    this.#redraw ??= setTimeout(() => this.#flush(), chatLimits.redrawMs);
  }

  /** @returns the news in words; null where they need none */
  addNews(news: RouteNews): string | null {
    this.#flush();
    if (news.type === 'route') {
      this.#apply((answer) => ({ ...answer, hops: news.hops, missing: [] }));
      for (const { peer, name } of news.hops) this.#names.set(peer, name);
      return null;
    }
    if (news.type === 'waiting') {
      this.#apply((answer) => ({ ...answer, missing: news.missing }));
      return 'Waiting for peers.';
    }
    const text = describeReroute(news.reroute, this.#names);
    this.#apply((answer) => {
      const reroutes = [...answer.reroutes, { ...news.reroute, text }];
      return { ...answer, missing: [], reroutes: reroutes.slice(-chatLimits.reroutesMax) };
    });
    return text;
  }

  setReason(reason: 'stop' | 'length'): void {
    this.#reason = reason;
  }

  setTokens(tokens: number): void {
    this.#tokens = tokens;
  }

  /** @param state null: as the stream said */
  end(state: 'stopped' | null): void {
    this.#flush();
    const endedAtMs = performance.now();
    const first = this.#firstAtMs;
    const seconds = first === null ? 0 : (endedAtMs - first) / 1000;
    const tokens = this.#tokens ?? 0;
    this.#apply((answer) => ({
      ...answer,
      state: state ?? (this.#reason === 'length' ? 'cut' : 'whole'),
      missing: [],
      firstTokenMs: first === null ? null : first - this.#startedAtMs,
      tokensPerSecond: tokens > 1 && seconds > 0 ? (tokens - 1) / seconds : null,
    }));
  }

  fail(failure: Failure): void {
    this.#flush();
    this.#apply((answer) => ({ ...answer, state: 'failed', failure, missing: [] }));
  }

  #flush(): void {
    if (this.#redraw !== null) clearTimeout(this.#redraw);
    this.#redraw = null;
    const text = this.#pending;
    this.#pending = '';
    if (text !== '') this.#apply((answer) => ({ ...answer, text: answer.text + text }));
  }
}

/**
 * A reroute in words.
 * @param names of the peers, old and new
 */
export function describeReroute(reroute: Reroute, names: ReadonlyMap<string, string>): string {
  const nameOf = (peer: string) => names.get(peer) ?? peer.slice(-8);
  const lost = nameOf(reroute.lostPeer);
  const others = reroute.newPeers.map(nameOf).join(' and ') || 'another peer';
  const what = blocks(reroute);
  const time = duration(reroute.recoveryMs);
  if (reroute.kind === 'improved') return `${others} is faster than ${lost} and took ${what}.`;
  if (reroute.kind === 'handed-over') return `${lost} left, and handed ${what} to ${others}.`;
  if (reroute.kind === 'relayed') return `${lost} cannot reach its successor: relayed from here.`;
  if (reroute.kind === 'standby')
    return `${lost} was lost; ${others} stood by for ${what} (${time}).`;
  return `${lost} was lost; ${others} took ${what} after ${time}.`;
}

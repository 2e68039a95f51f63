import {
  Durations,
  formatSpan,
  limits,
  type PeerId,
  type SkeinError,
  type StatusEvent,
} from '@skein/protocol';
import { nameText } from '../control/answer-info.js';
import type { PeerEvent } from '../peer-events.js';
import type { StepReport } from '../session/report-step.js';

/** Something that happened here, on this peer's clock. */
interface RecentEvent {
  readonly id: number;
  readonly atMs: number;
  readonly kind: StatusEvent['kind'];
  readonly text: string;
}

/** Counts what a peer does, and keeps the newest of what happened. Counts only grow. */
export class PeerActivity {
  /** Of single-token steps. */
  readonly queue = new Durations();
  readonly compute = new Durations();
  /** From token to token of a session, and from its opening to the first; with the head only. */
  readonly step = new Durations();
  readonly firstToken = new Durations();
  tokens = 0;
  steps = 0;
  rows = 0;
  failedSteps = 0;
  sessionsOpened = 0;
  relinks = 0;
  engineRestarts = 0;
  moves = 0;
  /** Why the peer hosts what it hosts. */
  spanReason = '';
  readonly #now: () => number;
  readonly #listeners = new Set<(report: StepReport) => void>();
  #events: RecentEvent[] = [];
  #eventCount = 0;

  /** @param now milliseconds on a steady clock */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Called with every step. */
  onStep(listener: (report: StepReport) => void): void {
    this.#listeners.add(listener);
  }

  addStep(report: StepReport): void {
    for (const listener of this.#listeners) listener(report);
    if (!report.isOk) {
      this.failedSteps += 1;
      return;
    }
    this.steps += 1;
    this.rows += report.rows;
    if (report.rows === 1) {
      this.queue.add(report.queueMs);
      this.compute.add(report.computeMs);
    }
    if (report.hasLogits) this.tokens += 1;
    if (report.sinceLogitsMs !== null) this.step.add(report.sinceLogitsMs);
    if (report.firstTokenMs !== null) this.firstToken.add(report.firstTokenMs);
  }

  addRelink(): void {
    this.relinks += 1;
  }

  addSuccessorLoss({ successor, error }: { successor: PeerId; error: SkeinError }): void {
    this.#remember('successor-lost', `lost its successor ${successor}: ${error.code}`);
  }

  addEvent(event: PeerEvent): void {
    switch (event.type) {
      case 'placed':
        this.spanReason = event.reason;
        return;
      case 'ready':
        this.#remember('ready', `serves blocks ${formatSpan(event.span)}`);
        return;
      case 'move-planned':
        this.#remember('moving', `will move to ${formatSpan(event.to)}: ${event.reason}`);
        return;
      case 'moved':
        this.moves += 1;
        this.spanReason = event.reason;
        this.#remember('moved', `moved to ${formatSpan(event.to)}: ${event.reason}`);
        return;
      case 'move-cancelled':
        this.#remember('stayed', `stays on ${formatSpan(event.from)}: ${event.reason}`);
        return;
      case 'session-opened':
        this.sessionsOpened += 1;
        return;
      case 'engine-failed':
      case 'engine-gave-up':
        this.#remember('engine-failed', `its engine failed: ${event.error.message}`);
        return;
      case 'engine-restarted':
        this.engineRestarts += 1;
        this.#remember('engine-restarted', `its engine is back after ${event.elapsedMs} ms`);
        return;
      case 'stopping':
        this.#remember('draining', 'is about to leave');
    }
  }

  /** Newest first. */
  recentEvents(): StatusEvent[] {
    const nowMs = this.#now();
    return this.#events
      .map(({ id, atMs, kind, text }) => ({ id, agoMs: Math.round(nowMs - atMs), kind, text }))
      .reverse();
  }

  #remember(kind: RecentEvent['kind'], text: string): void {
    this.#eventCount += 1;
    const cut = sentence(text);
    this.#events.push({ id: this.#eventCount, atMs: this.#now(), kind, text: cut });
    if (this.#events.length > limits.statusEventsMax) this.#events.shift();
  }
}

/** A sentence as the wire takes it. */
export function sentence(text: string): string {
  return nameText(text, limits.statusTextCharactersMax);
}

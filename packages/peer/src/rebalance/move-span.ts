import { type Clock, delay } from '@skein/client/network';
import { isSkeinError, SkeinError, type Span, spanLength, toSkeinError } from '@skein/protocol';
import type { Announcer } from '../announce/announcer.js';
import type { PeerSpans } from '../hosting/peer-spans.js';
import type { Placement } from '../hosting/place-peer.js';
import {
  type MoveProposal,
  mayLeave,
  type PlacementSwarm,
  reviewMove,
} from '../placement/index.js';
import type { MoveEvent } from './move-events.js';
import { rebalanceLimits } from './rebalance-limits.js';

/** The swarm as a peer sees it, and where work waits. */
interface RebalanceView {
  readonly swarm: PlacementSwarm;
  readonly demand: readonly number[];
}

/** Memory that a span takes beside the one that is hosted. */
export interface MoveRoom {
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly isEnough: boolean;
}

/** What a move takes: see {@link moveSpan}. */
export interface MoveEnvironment {
  readonly selfId: string;
  readonly spans: PeerSpans;
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** How long a planned move is announced before anything is done. */
  readonly announceMs: number;
  view(): RebalanceView;
  /** This peer, and those of the others that host blocks which it would leave, and answer. */
  askCoHosts(next: Span, signal: AbortSignal): Promise<PlacementSwarm>;
  /** What hosting a span takes here. */
  placeAt(span: Span): Placement;
  room(placement: Placement): MoveRoom;
  onEvent(event: MoveEvent): void;
}

/** What became of a move. Failed: this machine could not do it, and will hardly do it soon. */
export type MoveOutcome = 'moved' | 'cancelled' | 'failed';

/** Ends a move before the old span is given up. */
class MoveCancelled extends Error {
  readonly error: SkeinError | undefined;

  constructor(reason: string, error?: SkeinError) {
    super(reason);
    this.error = error;
  }
}

/**
 * Moves a peer to another span, make before break: announced, reviewed, loaded, the co-hosts asked,
 * announced anew, and only then are the old span's sessions ended. Where memory does not hold both
 * spans the old one goes first, if others host all of it. Whatever goes wrong before, the peer
 * stays where it is, and the plan is withdrawn.
 *
 * @param signal ends the move at any stage
 * @returns only when all is free again that is not needed
 */
export async function moveSpan(
  environment: MoveEnvironment,
  proposal: MoveProposal,
  signal: AbortSignal,
): Promise<MoveOutcome> {
  const { spans, announcer, onEvent } = environment;
  const before = spans.placement;
  const way = { from: before.span, to: proposal.span };
  const startedAtMs = environment.clock.now();
  onEvent({ type: 'move-planned', ...way, gain: proposal.gain, reason: proposal.reason });
  let areBothHosted = false;
  try {
    await announcePlan(environment, proposal.span, signal);
    const placement = environment.placeAt(proposal.span);
    const room = environment.room(placement);
    areBothHosted = room.isEnough && (await makeBeforeBreak(environment, placement, signal));
    if (!areBothHosted) {
      await breakBeforeMake(environment, { placement, room }, signal);
    }
  } catch (thrown) {
    const cancelled = thrown instanceof MoveCancelled ? thrown : cancelledBy(thrown, signal);
    await spans.discard();
    spans.nextSpan = null;
    // A peer that leaves says so itself.
    if (!signal.aborted && announcer.state !== 'gone') await announcer.update();
    const { message: reason, error } = cancelled;
    onEvent({ type: 'move-cancelled', ...way, reason, ...(error === undefined ? {} : { error }) });
    return error === undefined ? 'cancelled' : 'failed';
  }
  const { gain, reason } = proposal;
  const elapsedMs = environment.clock.now() - startedAtMs;
  onEvent({ type: 'moved', ...way, gain, reason, elapsedMs });
  if (areBothHosted) {
    const sessions = await spans.release(movedAway(proposal.span));
    onEvent({ type: 'span-released', span: before.span, sessions });
  }
  return 'moved';
}

/** Tells the swarm, waits until all know, and looks whether the move still makes sense. */
async function announcePlan(
  { spans, announcer, clock, announceMs, view, selfId }: MoveEnvironment,
  next: Span,
  signal: AbortSignal,
): Promise<void> {
  spans.nextSpan = next;
  await announcer.update();
  await delay(clock, announceMs, signal);
  checkServing(announcer, signal);
  const { swarm, demand } = view();
  if (!reviewMove(swarm, selfId, { demand })) {
    throw new MoveCancelled('another peer set out at the same time, and one is enough');
  }
}

/** @returns false when memory does not hold both spans after all */
async function makeBeforeBreak(
  environment: MoveEnvironment,
  placement: Placement,
  signal: AbortSignal,
): Promise<boolean> {
  const { spans, announcer } = environment;
  try {
    await spans.load(placement, signal);
  } catch (error) {
    if (isSkeinError(error) && error.code === 'out-of-memory') return false;
    throw error;
  }
  await checkLeaving(environment, placement.span, signal);
  if (!spans.promote()) throw new MoveCancelled('the engine of the new blocks has failed');
  await announcer.announce('serving');
  return true;
}

/** The peer serves nothing meanwhile, so others must host all that it has, not only what it leaves. */
async function breakBeforeMake(
  environment: MoveEnvironment,
  { placement, room }: { readonly placement: Placement; readonly room: MoveRoom },
  signal: AbortSignal,
): Promise<void> {
  const { spans, announcer, onEvent } = environment;
  const before = spans.placement;
  await checkLeaving(environment, { start: 0, end: 0 }, signal);
  const { neededBytes, freeBytes } = room;
  const way = { from: before.span, to: placement.span };
  onEvent({ type: 'move-drains-first', ...way, neededBytes, freeBytes });
  await announcer.announce('draining');
  const sessions = await spans.release(movedAway(placement.span), { isCurrent: true });
  onEvent({ type: 'span-released', span: before.span, sessions });
  try {
    await loadAlone(environment, placement, signal);
  } catch (error) {
    signal.throwIfAborted();
    await loadAlone(environment, before, signal).catch(async (again: unknown) => {
      await announcer.announce('gone');
      throw again;
    });
    throw error;
  }
}

async function loadAlone(
  { spans, announcer }: MoveEnvironment,
  placement: Placement,
  signal: AbortSignal,
): Promise<void> {
  spans.intend(placement);
  await announcer.announce('joining');
  await spans.load(placement, signal);
  if (!spans.promote()) {
    await spans.discard();
    throw new SkeinError('engine-failed', 'the engine failed as soon as it had loaded the blocks');
  }
  await announcer.announce('serving');
}

/** The last look before blocks are left: the hosts that stay are asked, not only looked up. */
async function checkLeaving(
  { announcer, clock, askCoHosts, selfId }: MoveEnvironment,
  next: Span,
  signal: AbortSignal,
): Promise<void> {
  const askedAtMs = clock.now();
  const swarm = await askCoHosts(next, signal);
  checkServing(announcer, signal);
  // This machine may have slept, and the others gone on.
  if (clock.now() - askedAtMs > rebalanceLimits.answersMsMax) {
    throw new MoveCancelled('the answers of other hosts are out of date');
  }
  if (mayLeave(swarm, selfId, next)) return;
  const what = spanLength(next) > 0 ? 'that it would leave' : '(memory does not hold both spans)';
  throw new MoveCancelled(`no other host of a block ${what} answers and stays`);
}

function checkServing(announcer: Announcer, signal: AbortSignal): void {
  signal.throwIfAborted();
  if (announcer.state !== 'serving') throw new MoveCancelled('this peer is not serving now');
}

function movedAway(to: Span): SkeinError {
  return new SkeinError('draining', `this peer moves to blocks ${to.start}:${to.end}`);
}

/** @returns an error is named only when this machine is at fault */
function cancelledBy(thrown: unknown, signal: AbortSignal): MoveCancelled {
  if (signal.aborted) return new MoveCancelled('the peer is stopped');
  const error = toSkeinError(thrown);
  return new MoveCancelled(`the new blocks could not be loaded: ${error.message}`, error);
}

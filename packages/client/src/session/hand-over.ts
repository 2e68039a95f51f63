import {
  createSessionId,
  isSkeinError,
  type PeerId,
  type SessionId,
  type SkeinError,
  toSkeinError,
} from '@skein/protocol';
import type { NoRoute } from '../routing/snapshot.js';
import { Hop } from './hop.js';
import type { HopChain } from './hop-chain.js';
import { type CacheMove, directDonor, moveCache } from './move-cache.js';
import { type CacheTransfer, planHandOver } from './plan-hand-over.js';
import type { HopsPlan } from './plan-hops.js';
import type { Departure } from './reroute-events.js';
import { sessionLimits } from './session-limits.js';
import type { MovedCache, SessionEnvironment } from './session-types.js';

/** How a hop is opened beside the others. */
export interface OpenOptions {
  readonly session: SessionId;
  readonly successor: Hop | null;
  /** The peer that may send its cache there. */
  readonly takesOverFrom?: PeerId;
}

/** What {@link handOver} works with. */
export interface HandOverContext {
  readonly environment: SessionEnvironment;
  /** A route that works: all hops are in its epoch and hold `committed` tokens. */
  readonly chain: HopChain;
  readonly committed: number;
  readonly session: SessionId;
  readonly open: (hop: Hop, options: OpenOptions) => Promise<void>;
  /** A new hop turned out to be of no use. */
  readonly onUnusable: (hop: Hop, error: SkeinError) => void;
}

/** The hops to go on with. */
export interface NewRoute {
  readonly hops: readonly Hop[];
  readonly session: SessionId;
  readonly departures: readonly Departure[];
}

/** A cache on its way into a new hop. */
interface Move extends CacheTransfer {
  readonly hop: Hop;
  moved: MovedCache | null;
}

/**
 * Opens the hops of a plan that has no leaving ones, and fills their caches from the hops that they
 * replace, while the route as it is stays in place: whatever goes wrong, it can still be used.
 * What could not be moved is left empty, to be rebuilt.
 *
 * @returns null when a new hop is of no use; it was closed, with all others
 * @throws RouteBroken and what else ends a wait on the chain, after all new hops were closed
 */
export async function handOver(
  plan: Exclude<HopsPlan, NoRoute>,
  context: HandOverContext,
): Promise<NewRoute | null> {
  const { chain, environment } = context;
  const startedAtMs = environment.clock.now();
  const before = chain.hops;
  // Peers may serve both routes for a moment: another id keeps the sessions apart.
  const session = plan.kind === 'fresh' ? createSessionId() : context.session;
  const hops = plan.hops.map((hop) =>
    typeof hop === 'number' ? (before[hop] as Hop) : new Hop(hop, chain, environment.clock),
  );
  const takers = hops.filter((hop) => !before.includes(hop));
  const donors = before.filter((hop) => !hops.includes(hop));
  const moves = planMoves(donors, takers, context.committed);
  chain.epoch += 1;
  let isUsable = false;
  try {
    isUsable =
      (await chain.unlessBroken(openAll({ takers, hops, donors, moves, session }, context))) &&
      (await moveAll({ moves, donors, session }, context));
  } finally {
    // Their peers may be asked again at once: for the same session, which must be gone by then.
    if (!isUsable) await Promise.all(takers.map((hop) => hop.close()));
  }
  if (!isUsable) return null;
  const leaving = donors.filter(({ leavesAtMs }) => leavesAtMs !== null);
  const departures = leaving.map((hop) => {
    return { hop, moved: movedFrom(donors.indexOf(hop), moves), startedAtMs };
  });
  return { hops, session, departures };
}

function planMoves(donors: readonly Hop[], takers: readonly Hop[], committed: number): Move[] {
  if (committed === 0) return [];
  const spans = (hops: readonly Hop[]) => hops.map(({ span }) => span);
  return planHandOver(spans(donors), spans(takers)).map((transfer) => {
    return { ...transfer, hop: takers[transfer.taker] as Hop, moved: null };
  });
}

function partsOf({ parts }: Move, donors: readonly Hop[]): CacheMove['parts'] {
  return parts.map(({ donor, span }) => ({ donor: donors[donor] as Hop, span }));
}

/** Opens all new hops at once; false when one refused or could not be reached. */
async function openAll(
  route: {
    readonly takers: readonly Hop[];
    readonly hops: readonly Hop[];
    readonly donors: readonly Hop[];
    readonly moves: readonly Move[];
    readonly session: SessionId;
  },
  context: HandOverContext,
): Promise<boolean> {
  const opened = route.takers.map(async (hop) => {
    const move = route.moves.find((candidate) => candidate.hop === hop);
    const parts = move === undefined ? [] : partsOf(move, route.donors);
    const donor = directDonor({ taker: hop, parts });
    const successor = route.hops[route.hops.indexOf(hop) + 1] ?? null;
    try {
      await context.open(hop, {
        session: route.session,
        successor,
        ...(donor !== null && { takesOverFrom: donor.peer }),
      });
      return true;
    } catch (error) {
      context.onUnusable(hop, toSkeinError(error));
      return false;
    }
  });
  return (await Promise.all(opened)).every((isOpen) => isOpen);
}

/** Moves one cache after the other: they share the way out of the peer that leaves. */
async function moveAll(
  route: {
    readonly moves: readonly Move[];
    readonly donors: readonly Hop[];
    readonly session: SessionId;
  },
  context: HandOverContext,
): Promise<boolean> {
  const { chain, committed, environment } = context;
  const { clock } = environment;
  const endsAtMs = Math.min(
    clock.now() + sessionLimits.handOverMsMax,
    ...route.donors.map(({ leavesAtMs }) => leavesAtMs ?? Number.POSITIVE_INFINITY),
  );
  for (const move of route.moves) {
    const taker = move.hop;
    const parts = partsOf(move, route.donors);
    const timeoutMs = Math.max(1, endsAtMs - clock.now());
    const { session } = route;
    const epoch = chain.epoch;
    const moving = moveCache({ taker, session, epoch, parts, tokens: committed, timeoutMs }, clock);
    const outcome = await chain.unlessBroken(moving.catch((error: unknown) => toSkeinError(error)));
    if (isSkeinError(outcome)) {
      if (!(await chain.unlessBroken(emptyTaker(taker, outcome, context)))) return false;
      continue;
    }
    move.moved = outcome;
    taker.length = committed;
    taker.historyStart = committed;
  }
  return true;
}

/**
 * Makes a taker forget the part of a cache that came, and whatever still comes, so that it can be
 * rebuilt. False when it is of no use.
 */
async function emptyTaker(
  taker: Hop,
  error: SkeinError,
  { chain, onUnusable }: HandOverContext,
): Promise<boolean> {
  if (error.code === 'kv-full') {
    onUnusable(taker, error);
    return false;
  }
  chain.epoch += 1;
  try {
    await taker.truncate(chain.epoch, 0);
    return true;
  } catch (failure) {
    onUnusable(taker, toSkeinError(failure));
    return false;
  }
}

/** What a hop gave away; null when some of it was not taken. All blocks' caches are of one size. */
function movedFrom(donor: number, moves: readonly Move[]): MovedCache | null {
  let total = null as MovedCache | null;
  for (const { parts, hop, moved } of moves) {
    const part = parts.find((candidate) => candidate.donor === donor);
    if (part === undefined) continue;
    if (moved === null) return null;
    const blocks = part.span.end - part.span.start;
    const bytes = (moved.bytes * blocks) / (hop.span.end - hop.span.start);
    total = {
      tokens: moved.tokens,
      bytes: (total?.bytes ?? 0) + bytes,
      transferMs: (total?.transferMs ?? 0) + moved.transferMs,
      path: total?.path === 'client' ? 'client' : moved.path,
    };
  }
  return total;
}

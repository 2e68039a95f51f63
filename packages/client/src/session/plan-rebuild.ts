/** What a hop of the new route holds after it was truncated, or opened (nothing). */
export interface HopState {
  /** Cached tokens. */
  readonly length: number;
  /** Its outputs for `[historyStart, length)` can be replayed. */
  readonly historyStart: number;
}

/** Neighbouring hops that are fed together until they hold every committed token. */
export interface RebuildGroup {
  /** First and last hop to be fed, as indices into the route, both inclusive. */
  readonly first: number;
  readonly last: number;
  /** All hops of the group are truncated to this length, and fed from here. */
  readonly from: number;
  /** Who feeds: the client with tokens, or the hop before the group with stored outputs. */
  readonly source: 'client' | 'predecessor';
}

/**
 * Decides how to bring every hop to `committed` tokens. Hops that lack tokens form groups with
 * lacking neighbours. The hop before a group replays its stored outputs; if its history does not
 * reach back far enough, it joins the group, and so on up to the client, who has all tokens.
 */
export function planRebuild(hops: readonly HopState[], committed: number): RebuildGroup[] {
  const groups: RebuildGroup[] = [];
  let index = 0;
  while (index < hops.length) {
    if ((hops[index] as HopState).length >= committed) {
      index += 1;
      continue;
    }
    let last = index;
    let from = (hops[index] as HopState).length;
    while (last + 1 < hops.length && (hops[last + 1] as HopState).length < committed) {
      last += 1;
      from = Math.min(from, (hops[last] as HopState).length);
    }
    groups.push(extendUpstream(hops, groups, { first: index, last, from }));
    index = last + 1;
  }
  return groups;
}

/** Moves the group's start up to a hop that can feed it; swallows groups that it runs into. */
function extendUpstream(
  hops: readonly HopState[],
  groups: RebuildGroup[],
  group: { first: number; last: number; from: number },
): RebuildGroup {
  let { first, from } = group;
  while (first > 0) {
    const neighbour = groups.at(-1);
    if (neighbour !== undefined && neighbour.last === first - 1) {
      groups.pop();
      first = neighbour.first;
      from = Math.min(from, neighbour.from);
      continue;
    }
    if ((hops[first - 1] as HopState).historyStart <= from) {
      return { first, last: group.last, from, source: 'predecessor' };
    }
    first -= 1;
  }
  return { first, last: group.last, from, source: 'client' };
}

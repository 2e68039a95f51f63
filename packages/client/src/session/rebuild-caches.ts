import { SkeinError, toSkeinError } from '@skein/protocol';
import type { Hop } from './hop.js';
import { type HopChain, RouteBroken } from './hop-chain.js';
import { planRebuild, type RebuildGroup } from './plan-rebuild.js';

/** What {@link rebuildCaches} works with. */
export interface RebuildContext {
  readonly chain: HopChain;
  /** Brings all hops into the chain's epoch, with at most so many tokens. */
  readonly synchronise: (committed: number) => Promise<void>;
  /** A question to a hop failed. */
  readonly onHopError: (hop: Hop, error: SkeinError) => void;
}

/**
 * Fills the caches of hops that lack committed tokens, all of which must be in the chain's epoch.
 *
 * @returns tokens that were computed again, added up over the groups of hops
 * @throws RouteBroken when a hop failed on the way
 */
export async function rebuildCaches(context: RebuildContext, committed: number): Promise<number> {
  const { chain, synchronise } = context;
  let rebuiltTokens = 0;
  // Each round without success takes one hop's history as gone: the last has none left.
  for (let round = 0; round <= chain.hops.length; round += 1) {
    const groups = planRebuild(chain.hops, committed);
    if (groups.length === 0) return rebuiltTokens;
    await cutBack(context, groups, committed);
    try {
      for (const group of groups) {
        await fillGroup(chain, group, committed);
        rebuiltTokens += committed - group.from;
      }
      return rebuiltTokens;
    } catch (error) {
      const { code, peer } = toSkeinError(error);
      if (error instanceof RouteBroken || code !== 'history-gone') throw error;
      chain.epoch += 1;
      await synchronise(committed);
      const feeder = chain.hops.find((hop) => hop.peer === peer);
      if (feeder !== undefined) feeder.historyStart = committed;
    }
  }
  throw new SkeinError('internal', 'the caches could not be rebuilt');
}

async function fillGroup(chain: HopChain, group: RebuildGroup, committed: number): Promise<void> {
  const hops = chain.hops.slice(group.first, group.last + 1);
  const feeder = group.source === 'client' ? null : (chain.hops[group.first - 1] as Hop);
  const until = (hops.at(-1) as Hop).span.end;
  const range = { from: group.from, to: committed, hops, feeder, until };
  await chain.run({ ...range, logits: 'none', topK: 0 });
  for (const hop of hops) hop.length = committed;
}

/** Hops that hold more than their group starts from forget it, all hops in one new epoch. */
async function cutBack(
  { chain, onHopError }: RebuildContext,
  groups: readonly RebuildGroup[],
  committed: number,
): Promise<void> {
  const lengths = chain.hops.map((_hop, index) => {
    const group = groups.find(({ first, last }) => first <= index && index <= last);
    return group?.from ?? committed;
  });
  if (chain.hops.every((hop, index) => hop.length <= (lengths[index] as number))) return;
  chain.epoch += 1;
  const { epoch } = chain;
  const work = chain.hops.map(async (hop, index) => {
    try {
      await hop.truncate(epoch, lengths[index] as number);
    } catch (error) {
      onHopError(hop, toSkeinError(error));
    }
  });
  await chain.unlessBroken(Promise.all(work));
}

import type { Random } from '../clock.js';
import type { Remote } from './contracts.js';

/** A member keeps talking to at least this many others: a random graph of that degree holds. */
const degreeMin = 6;
/** Now and then somebody new is met, so that no two groups lose touch for good. */
const strangerProbability = 1 / 8;

/** Options of {@link chooseNeighbours}. */
export interface ChooseNeighboursOptions {
  /** Everybody who takes part in the directory, without this node. */
  readonly members: readonly Remote[];
  readonly connected: ReadonlySet<string>;
  readonly count: number;
  readonly random: Random;
}

/**
 * Picks members to exchange records with: connected ones, as a dial costs far more than an
 * exchange, unless there are few or chance has it otherwise.
 */
export function chooseNeighbours(options: ChooseNeighboursOptions): Remote[] {
  const { members, connected, count, random } = options;
  const near = members.filter((member) => connected.has(member.peer));
  const isNearEnough = near.length >= degreeMin && random() >= strangerProbability;
  return sample(isNearEnough ? near : members, count, random);
}

/** `count` different items at random, or all of them. */
export function sample<Item>(items: readonly Item[], count: number, random: Random): Item[] {
  const pool = [...items];
  const chosen: Item[] = [];
  while (chosen.length < count && pool.length > 0) {
    const index = Math.floor(random() * pool.length);
    chosen.push(...pool.splice(index, 1));
  }
  return chosen;
}

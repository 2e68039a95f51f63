import type { PlacementSwarm } from '@skein/peer';
import type { Span } from '@skein/protocol';
import type { Random } from '../support/seeded-random.js';
import type { Machine } from './graphics-cards.js';

/** A way to place peers, so that two can be run beside each other. */
export interface PlacementRule {
  readonly name: string;
  /** Where a newcomer goes. */
  join(swarm: PlacementSwarm, machine: Machine, random: Random): Span;
  /** Seconds until a peer asks itself the next time whether to move. */
  secondsToNextCheck(random: Random): number;
  /** Where a peer wants to move, or null. */
  move(swarm: PlacementSwarm, selfId: string, random: Random): Span | null;
  /** Serves the old span until the new one is loaded, and asks before it lets go; else tears it down. */
  readonly makeBeforeBreak: {
    review(swarm: PlacementSwarm, selfId: string): boolean;
    mayLeave(swarm: PlacementSwarm, selfId: string, next: Span): boolean;
  } | null;
}

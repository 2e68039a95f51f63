import type * as Placement from '@skein/peer';
import type { PlacementSwarm } from '@skein/peer';
import type { PlacementRule } from './placement-rule.js';
import { between } from './random.js';

/** The functions under test: the script takes them from the package, tests from its source. */
export type PlacementFunctions = Pick<
  typeof Placement,
  'chooseSpan' | 'proposeMove' | 'moveGains' | 'reviewMove' | 'mayLeave'
>;

/** Ours. */
export function skeinRule(functions: PlacementFunctions): PlacementRule {
  const knownGains = new WeakMap<PlacementSwarm, ReadonlyMap<string, number>>();
  return {
    name: 'Skein',
    join: (swarm, machine, random) => functions.chooseSpan(swarm, machine, { random }).span,
    secondsToNextCheck: (random) => between(random, 60, 180),
    move: (swarm, selfId, random) => {
      // Peers with one view come to one result, so the simulation computes it once.
      const gains = knownGains.get(swarm) ?? functions.moveGains(swarm);
      knownGains.set(swarm, gains);
      return functions.proposeMove(swarm, selfId, { random, gains })?.span ?? null;
    },
    makeBeforeBreak: {
      review: (swarm, selfId) => functions.reviewMove(swarm, selfId),
      mayLeave: functions.mayLeave,
    },
  };
}

import type * as Placement from '@skein/peer';
import type { PlacementRule } from './placement-rule.js';
import { between } from './random.js';

/** The functions under test: the script takes them from the package, tests from its source. */
export type PlacementFunctions = Pick<
  typeof Placement,
  'chooseSpan' | 'proposeMove' | 'reviewMove' | 'mayLeave'
>;

/** Ours. */
export function skeinRule(functions: PlacementFunctions): PlacementRule {
  return {
    name: 'Skein',
    join: (swarm, machine, random) => functions.chooseSpan(swarm, machine, { random }).span,
    secondsToNextCheck: (random) => between(random, 60, 180),
    move: (swarm, selfId, random) => functions.proposeMove(swarm, selfId, { random })?.span ?? null,
    makeBeforeBreak: {
      review: (swarm, selfId) => functions.reviewMove(swarm, selfId),
      mayLeave: functions.mayLeave,
    },
  };
}

/**
 * Which blocks a peer should host: pure functions over what the directory knows. The rules, their
 * reasons and what they were measured to do are in `docs/placement.md`.
 */
export {
  type ChooseSpanOptions,
  chooseSpan,
  type Newcomer,
  type SpanChoice,
} from './choose-span.js';
export { mayLeave } from './may-leave.js';
export {
  type MoveProposal,
  moveGains,
  type ProposeMoveOptions,
  proposeMove,
  reviewMove,
} from './propose-move.js';
export {
  fractionalOptimum,
  type Host,
  type PlacementPeer,
  type PlacementSwarm,
} from './swarm.js';

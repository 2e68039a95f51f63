export type { Score, ScoredToken, ScoreInput, ScoreOptions } from './score-types.js';
export { Scorer } from './scorer.js';

export { evaluate } from './evaluate.js';
export { evaluationLimits } from './evaluation-limits.js';
export type {
  ChoiceItem,
  ChoiceResult,
  EvaluationEndEvent,
  EvaluationErrorEvent,
  EvaluationEvent,
  EvaluationItem,
  EvaluationItemEvent,
  EvaluationOptions,
  EvaluationResult,
  EvaluationStartEvent,
  EvaluationSummary,
  TextItem,
  TextResult,
} from './evaluation-types.js';
export { parseEvaluationItem } from './parse-item.js';
export { parseEvaluationResult } from './parse-result.js';

export {
  type EndEvent,
  type GenerateOptions,
  type GenerationEvent,
  maxTokensDefault,
  type PromptOptions,
  type TokenEvent,
  type TopLogit,
} from './generation-types.js';

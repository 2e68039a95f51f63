export {
  type ClientGenerateOptions,
  type ClientScoreOptions,
  createClient,
  type OpenSessionOptions,
  type ResumeOptions,
  type RoutingOptions,
  type SkeinClient,
  type SkeinClientOptions,
} from './client.js';
export { type ContinueOptions, Conversation, type ConversationOptions } from './conversation.js';
export type { GenerationWatch, Instrumentation, WatchedGeneration } from './instrumentation.js';
export {
  type BlockCoverage,
  type PeerStatus,
  type SwarmStatus,
  swarmStatus,
} from './swarm-status.js';

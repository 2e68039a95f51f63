export {
  type ClientGenerateOptions,
  createClient,
  type OpenSessionOptions,
  type RoutingOptions,
  type SkeinClient,
  type SkeinClientOptions,
} from './client.js';
export { Conversation, type ConversationOptions } from './conversation.js';
export type { GenerationWatch, Instrumentation, WatchedGeneration } from './instrumentation.js';
export {
  type BlockCoverage,
  type PeerStatus,
  type SwarmStatus,
  swarmStatus,
} from './swarm-status.js';

/**
 * Typed channels between peers, the directory of a swarm, and identities.
 *
 * ```ts
 * const node = await createSkeinNode({ listen: [], bootstrap, mode: 'client' });
 * const directory = createDirectory({ node, bootstrap });
 * await node.start();
 * await directory.start();
 * await directory.refresh({ modelName: 'tiny-tales' });
 * ```
 */
export { type Clock, delay, type Random, systemClock } from '../clock.js';
export type {
  ChannelAcceptor,
  ConnectionView,
  Directory,
  DirectoryChange,
  NodeDiagnostics,
  Remote,
  SkeinNode,
  Traffic,
} from './contracts.js';
export { createDirectory, type DirectoryOptions } from './directory.js';
export { loadIdentity } from './identity.js';
export {
  type ChannelHandlers,
  createMessageChannel,
  type MessageChannel,
  type MessageChannelOptions,
} from './message-channel.js';
export { createSkeinNode, type SkeinNodeOptions } from './node.js';
export type { Platform, PlatformFactory, PlatformOptions } from './platform.js';
export { isUnknownQuestion, type QuestionKind, QuestionLines } from './question-lines.js';
export { RateBudget } from './rate-budget.js';

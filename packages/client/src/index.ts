/**
 * @module @skein/client
 *
 * The SDK: finds peers of a swarm, routes sessions through them, survives their failures, and
 * samples tokens. Runs in Node and in browsers.
 *
 * ```ts
 * import { createClient } from '@skein/client';
 *
 * const client = createClient({ bootstrap: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…'] });
 * await client.start();
 * for await (const event of client.generate({ model: 'tiny-tales', prompt: 'Once upon a time' })) {
 *   if (event.type === 'token') process.stdout.write(event.text);
 * }
 * await client.stop();
 * ```
 */
export * from './batch/index.js';
export * from './client/index.js';
export { type Clock, type Random, systemClock } from './clock.js';
export * from './evaluate/index.js';
export * from './generate/index.js';
export type { JsonSchema, ResponseFormat } from './grammar/index.js';
export * from './model/index.js';
export type { Directory, DirectoryChange, Remote, SkeinNode } from './network/contracts.js';
export * from './routing/index.js';
export type { SamplingOptions } from './sampling/index.js';
export * from './score/index.js';
export * from './session/index.js';
export type { ChatMessage } from './text/index.js';
export {
  type AnswerPiece,
  createToolCallReader,
  type ToolCallPiece,
  type ToolCallReader,
  type ToolChoice,
  type ToolDefinition,
  type ToolOptions,
} from './tools/index.js';

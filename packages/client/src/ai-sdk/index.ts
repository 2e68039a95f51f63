/**
 * @module @skein/client/ai-sdk
 *
 * A swarm as a provider of the AI SDK (`ai`), version 6 and later.
 *
 * ```ts
 * import { createSkein } from '@skein/client/ai-sdk';
 * import { streamText } from 'ai';
 *
 * const skein = createSkein({ bootstrap: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…'] });
 * const { textStream } = streamText({ model: skein('tiny-tales'), prompt: 'a story about a fox' });
 * for await (const text of textStream) process.stdout.write(text);
 * await skein.stop();
 * ```
 */
export { type CreateSkeinOptions, createSkein, type SkeinProvider } from './create-skein.js';
export type { SkeinModelSettings } from './skein-call-options.js';
export { SkeinLanguageModel } from './skein-language-model.js';

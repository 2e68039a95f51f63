/**
 * An OpenAI-compatible HTTP server in front of a swarm.
 *
 * ```ts
 * import { createClient } from '@skein/client';
 * import { createGateway, listenGateway } from '@skein/client/gateway';
 *
 * const client = createClient({ bootstrap: ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…'] });
 * await client.start();
 * const gateway = createGateway({ client });
 * const listening = await listenGateway(gateway, { host: '127.0.0.1', port: 8080 });
 * console.log(`${listening.url}/v1`);
 * // …
 * await listening.stop();
 * await client.stop();
 * ```
 *
 * `gateway.fetch` answers requests without a socket.
 */
export { type ApiKey, type KeyQuota, parseApiKeys, singleApiKey } from './admission/api-keys.js';
export { createGateway, type Gateway } from './gateway.js';
export { gatewayLimits } from './gateway-limits.js';
export type { GatewayEvent, GatewayOptions } from './gateway-options.js';
export {
  isLoopback,
  type ListeningGateway,
  type ListenOptions,
  listenGateway,
} from './listen.js';
export { type ModelAlias, type ModelTarget, parseModelAlias } from './models/model-aliases.js';

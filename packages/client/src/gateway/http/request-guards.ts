import type { MiddlewareHandler } from 'hono';
import { type ApiKey, findApiKey } from '../admission/api-keys.js';
import { gatewayLimits } from '../gateway-limits.js';
import type { Caller } from '../generation/generation-request.js';
import type { GatewayEnvironment } from './gateway-context.js';
import { GatewayError } from './gateway-error.js';

type Guard = MiddlewareHandler<GatewayEnvironment>;

/** The one caller of a gateway without keys. */
const everybody: Caller = {
  key: { name: 'local', sha256: new Uint8Array(32) },
  isAuthenticated: false,
};

const requestIdPattern = new RegExp(`^[\\w.:-]{1,${gatewayLimits.requestIdCharactersMax}}$`);

/** Gives each request an id, the caller's own where it has a sound one, and answers with it. */
export function identifyRequests(createId: () => string): Guard {
  return async (context, next) => {
    const given = context.req.header('x-request-id');
    const id = given !== undefined && requestIdPattern.test(given) ? given : createId();
    context.set('requestId', id);
    context.header('x-request-id', id);
    await next();
  };
}

/** Admits holders of a key; without any keys, everybody on this machine. */
export function authenticate(keys: readonly ApiKey[]): Guard {
  return async (context, next) => {
    if (keys.length === 0) {
      requireLoopbackName(context.req.header('host'));
      context.set('caller', everybody);
      return await next();
    }
    // Anthropic's clients have a header of their own.
    const presented =
      /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1] ??
      context.req.header('x-api-key');
    const key = presented === undefined ? null : findApiKey(keys, presented);
    if (key === null) {
      const text =
        presented === undefined
          ? 'an API key is needed: send the header "authorization: Bearer <key>"'
          : 'the API key is not known here';
      throw new GatewayError(text, { status: 401, code: 'invalid_api_key' });
    }
    context.set('caller', { key, isAuthenticated: true });
    return await next();
  };
}

/**
 * Without keys, a page in a browser on this machine must not reach us under a name that leads here:
 * such requests carry that name.
 */
function requireLoopbackName(host: string | undefined): void {
  const name = /^(\[[^\]]*\]|[^:]*)(?::\d+)?$/.exec(host ?? 'localhost')?.[1]?.toLowerCase() ?? '';
  const isLoopback = name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name);
  if (isLoopback) return;
  throw new GatewayError(`without API keys this gateway answers to localhost only, not ${name}`, {
    status: 403,
    code: 'host_not_allowed',
  });
}

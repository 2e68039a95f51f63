import type { MiddlewareHandler } from 'hono';
import type { Pages } from '../../pages/pages.js';
import type { GatewayEnvironment } from './gateway-context.js';

/**
 * Serves pages under the paths that no endpoint has. They hold no secrets, so they need no key: it is
 * the page that asks for one. Without keys they are for this machine only, as all else.
 *
 * @param guard what a gateway without keys asks of every request; null where there are keys
 */
export function servePages(
  pages: Pages,
  guard: MiddlewareHandler<GatewayEnvironment> | null,
): MiddlewareHandler<GatewayEnvironment> {
  return async (context, next) => {
    const response = pages.answer(context.req.raw);
    if (response === null) return await next();
    if (guard !== null) await guard(context, async () => {});
    return context.newResponse(response.body, response);
  };
}

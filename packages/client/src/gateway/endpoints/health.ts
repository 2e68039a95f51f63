import { isSkeinError } from '@skein/protocol';
import type { SwarmStatus } from '../../client/swarm-status.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { servedModels } from './models.js';

/** `GET /healthz`: the process answers. It says where the swarm is shown, if it is. */
export function handleHealth(context: GatewayContext, dashboardPath: string | null): Response {
  return context.json({
    status: 'ok',
    ...(dashboardPath !== null && { dashboard: dashboardPath }),
  });
}

/** `GET /readyz`: a full route exists for some model; says what the others lack. */
export async function handleReadiness(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const names = await servedModels(services);
  const targets = names.flatMap(
    (name) => services.aliases?.get(name)?.targets.map(({ model }) => model) ?? [name],
  );
  const models = await Promise.all(
    [...new Set(targets)].map(async (model) => describe(model, await statusOf(services, model))),
  );
  const isReady = models.some(({ complete }) => complete);
  return context.json({ status: isReady ? 'ready' : 'not-ready', models }, isReady ? 200 : 503);
}

async function statusOf({ client }: GatewayServices, model: string): Promise<SwarmStatus | null> {
  try {
    return await client.status({ model });
  } catch (error) {
    if (isSkeinError(error) && error.code === 'model-unknown') return null;
    throw error;
  }
}

function describe(model: string, status: SwarmStatus | null) {
  return {
    model,
    complete: status?.isComplete ?? false,
    peers: status?.peers.length ?? 0,
    missing_blocks: status?.missingBlocks ?? null,
  };
}

import { SkeinError } from '@skein/protocol';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';

/** `GET /v1/models`: the aliases, or without any the models of the swarm. */
export async function handleModels(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const names = await servedModels(services);
  const data = names.map((name) => modelObject(name, services));
  return context.json({ object: 'list', data });
}

/**
 * `GET /v1/models/{id}`.
 * @throws SkeinError `model-unknown`
 */
export async function handleModel(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const id = context.req.param('id') ?? '';
  const names = await servedModels(services);
  if (names.includes(id)) return context.json(modelObject(id, services));
  throw new SkeinError('model-unknown', `there is no model "${id}": ${names.join(', ')}`);
}

/** The names by which models can be asked for. */
export async function servedModels({ client, aliases }: GatewayServices): Promise<string[]> {
  if (aliases !== null) return [...aliases.keys()];
  const offers = await client.models();
  return [...new Set(offers.map(({ name }) => name))];
}

function modelObject(id: string, { startedAtSeconds: created }: GatewayServices) {
  return { id, object: 'model', created, owned_by: 'skein' };
}

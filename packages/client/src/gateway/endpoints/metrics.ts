import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';

/** `GET /metrics`, in the text format of Prometheus. */
export async function handleMetrics(
  context: GatewayContext,
  { metrics }: GatewayServices,
): Promise<Response> {
  const text = await metrics.registry.metrics();
  return context.body(text, 200, { 'content-type': metrics.registry.contentType });
}

import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { parseBody } from '../http/parse-body.js';
import { answerGeneration } from './answer-generation.js';
import { ResponseStream } from './response-stream.js';
import { responsesSchema, responseToGeneration } from './responses-schema.js';

/** `POST /v1/responses`. */
export async function handleResponses(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, responsesSchema);
  const stream = new ResponseStream(body, services.nowSeconds());
  return await answerGeneration(context, services, {
    endpoint: 'responses',
    request: responseToGeneration(body),
    isStream: body.stream === true,
    format: {
      whole: (generation) => stream.whole(generation),
      events: (generation) => stream.events(generation),
      failure: (error) => stream.failure(error),
    },
  });
}

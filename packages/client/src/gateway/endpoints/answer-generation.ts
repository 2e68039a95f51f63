import type { GenerationRequest } from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import { apiErrorBody, toGatewayError } from '../http/api-error.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import {
  answerWithEvents,
  type ServerSentEvent,
  type StreamEncoding,
} from '../http/server-sent-events.js';
import { RouteEvents } from './route-events.js';

/** How an endpoint writes its answers. */
export interface AnswerFormat {
  /** The whole answer. */
  whole(generation: Generation): Promise<object>;
  /** The answer as a stream of events. */
  events(generation: Generation): AsyncGenerator<ServerSentEvent, void, undefined>;
  /** How a stream is written. Default: server-sent events. */
  readonly encoding?: StreamEncoding;
  /** What tells of a failure when the answer has begun. Default: the error's body. */
  failure?(error: unknown): readonly ServerSentEvent[];
}

/**
 * Runs a request and answers in an endpoint's format. A caller that leaves ends the generation.
 * @throws GatewayError, SkeinError: what fails before the answer has begun
 */
export async function answerGeneration(
  context: GatewayContext,
  services: GatewayServices,
  options: {
    readonly endpoint: string;
    readonly request: GenerationRequest;
    readonly isStream: boolean;
    readonly format: AnswerFormat;
  },
): Promise<Response> {
  const { endpoint, isStream, format } = options;
  // Lines of JSON have no room for events of another kind.
  const hasRoutes = isStream && format.encoding === undefined;
  const routes = hasRoutes ? RouteEvents.for(context) : null;
  const request = { ...options.request, ...(routes !== null && { onRoute: routes.listener }) };
  const leave = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, leave.signal]);
  const caller = context.get('caller');
  const generation = await services.generations.start(request, caller, { endpoint, signal });
  context.header('x-skein-model', generation.model.manifest.name);
  context.header('x-skein-model-hash', generation.model.hash);
  if (generation.isFromCache) context.header('x-skein-cache', 'hit');
  if (!isStream) return context.json(await format.whole(generation));
  const events = format.events(generation);
  const response = await answerWithEvents(routes?.among(events) ?? events, {
    clock: services.clock,
    ...(format.encoding !== undefined && { encoding: format.encoding }),
    abort: (reason) => leave.abort(reason),
    onError: (error) => {
      services.onFailure(error, context.get('requestId'));
      return format.failure?.(error) ?? [errorEvent(error)];
    },
  });
  return context.newResponse(response.body, response);
}

/** An error as the completion endpoints send it within a stream. */
function errorEvent(error: unknown): ServerSentEvent {
  return { data: JSON.stringify(apiErrorBody(toGatewayError(error))) };
}

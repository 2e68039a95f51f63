import type * as z from 'zod';
import type { ChoiceEvent, GenerationRequest } from '../generation/generation-request.js';
import type { Generation } from '../generation/generations.js';
import type { GatewayContext, GatewayServices } from '../http/gateway-context.js';
import { parseBody } from '../http/parse-body.js';
import type { ServerSentEvent } from '../http/server-sent-events.js';
import { answerGeneration } from './answer-generation.js';
import { createAnswerId, fingerprintOf, usageObject } from './generation-objects.js';
import { TokenTexts } from './token-text.js';

/** What both completion endpoints read of their bodies to answer. */
interface CompletionBody {
  readonly model: string;
  readonly stream?: boolean | null | undefined;
  readonly stream_options?:
    | { readonly include_usage?: boolean | null | undefined }
    | null
    | undefined;
}

/** Writes one choice of an answer. */
export interface ChoiceWriter {
  /** Takes the next event; for a stream, returns what is to be sent of it, one object a chunk. */
  take(event: ChoiceEvent): readonly object[];
  /** The choice as a whole, after its last event. */
  whole(): object;
}

/** What a completion endpoint is, beside what it has in common with the other. */
export interface CompletionEndpoint<Schema extends z.ZodType<CompletionBody>> {
  readonly name: string;
  readonly schema: Schema;
  readonly idPrefix: string;
  readonly object: string;
  readonly chunkObject: string;
  toGeneration(body: z.output<Schema>): GenerationRequest;
  /** One writer for each choice of the request. */
  writers(generation: Generation, body: z.output<Schema>, texts: TokenTexts): ChoiceWriter[];
}

/** Answers a completion request as a whole or as a stream. */
export async function answerCompletion<Schema extends z.ZodType<CompletionBody>>(
  context: GatewayContext,
  services: GatewayServices,
  endpoint: CompletionEndpoint<Schema>,
): Promise<Response> {
  const body = await parseBody(context, endpoint.schema);
  const head = { id: createAnswerId(endpoint.idPrefix), created: services.nowSeconds() };
  const writersFor = (generation: Generation) =>
    endpoint.writers(generation, body, new TokenTexts(generation.model));
  const basis = (generation: Generation, object: string) => ({
    ...head,
    object,
    model: body.model,
    system_fingerprint: fingerprintOf(generation.model),
  });
  return await answerGeneration(context, services, {
    endpoint: endpoint.name,
    request: endpoint.toGeneration(body),
    isStream: body.stream === true,
    format: {
      whole: async (generation) => {
        const writers = writersFor(generation);
        for await (const event of generation.events) writers[event.choice]?.take(event);
        const choices = writers.map((writer) => writer.whole());
        const usage = usageObject(generation.usage());
        return { ...basis(generation, endpoint.object), choices, usage };
      },
      events: (generation) =>
        completionEvents(generation, {
          writers: writersFor(generation),
          basis: basis(generation, endpoint.chunkObject),
          hasUsage: body.stream_options?.include_usage === true,
        }),
    },
  });
}

async function* completionEvents(
  generation: Generation,
  options: { writers: readonly ChoiceWriter[]; basis: object; hasUsage: boolean },
): AsyncGenerator<ServerSentEvent, void, undefined> {
  const { writers, basis, hasUsage } = options;
  const chunk = (choices: readonly object[], usage: object | null = null): ServerSentEvent => ({
    data: JSON.stringify({ ...basis, choices, ...(hasUsage && { usage }) }),
  });
  for await (const event of generation.events) {
    for (const part of writers[event.choice]?.take(event) ?? []) yield chunk([part]);
  }
  if (hasUsage) yield chunk([], usageObject(generation.usage()));
  yield { data: '[DONE]' };
}

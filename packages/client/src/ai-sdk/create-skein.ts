import type { EmbeddingModelV3, ImageModelV3, ProviderV3 } from '@ai-sdk/provider';
import { SkeinError } from '@skein/protocol';
import { createClient, type SkeinClient, type SkeinClientOptions } from '../client/client.js';
import { parseSettings, type SkeinModelSettings } from './skein-call-options.js';
import { SkeinLanguageModel } from './skein-language-model.js';

/** Options of {@link createSkein}: a client that runs already, or what an own one needs. */
export type CreateSkeinOptions =
  | (SkeinClientOptions & { readonly client?: undefined })
  | {
      /** The caller starts and stops it. */
      readonly client: SkeinClient;
    };

/** A provider of the AI SDK: call it with the name or hash of a model. */
export interface SkeinProvider extends ProviderV3 {
  (modelId: string, settings?: SkeinModelSettings): SkeinLanguageModel;
  languageModel(modelId: string, settings?: SkeinModelSettings): SkeinLanguageModel;
  /** The client that it works through. */
  readonly client: SkeinClient;
  /** Leaves the swarm, unless the client came from the caller. Idempotent. */
  stop(): Promise<void>;
}

/** Makes a provider. An own client joins the swarm with the first call. */
export function createSkein(options: CreateSkeinOptions): SkeinProvider {
  const isOwn = options.client === undefined;
  const client = isOwn ? createClient(options) : options.client;
  const languageModel = (modelId: string, settings?: SkeinModelSettings) =>
    new SkeinLanguageModel(client, modelId, parseSettings(settings));
  return Object.assign(
    (modelId: string, settings?: SkeinModelSettings) => languageModel(modelId, settings),
    {
      specificationVersion: 'v3' as const,
      languageModel,
      embeddingModel: (modelId: string): EmbeddingModelV3 => {
        throw noSuchModel('embeddings', modelId);
      },
      imageModel: (modelId: string): ImageModelV3 => {
        throw noSuchModel('images', modelId);
      },
      client,
      stop: async () => {
        if (isOwn) await client.stop();
      },
    },
  );
}

function noSuchModel(what: string, modelId: string): SkeinError {
  return new SkeinError('model-unsupported', `${modelId}: a swarm makes text, not ${what}`);
}

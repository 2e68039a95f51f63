import { readFileSync } from 'node:fs';
import { isSkeinError, SkeinError } from '@skein/protocol';
import * as z from 'zod';
import type { LoadedModel } from '../../../model/model-store.js';
import { toolSyntaxFor } from '../../../tools/index.js';
import type { GatewayContext, GatewayServices } from '../../http/gateway-context.js';
import { parseBody } from '../../http/parse-body.js';
import { servedModels } from '../models.js';
import { modelField, unsupported } from '../request-fields.js';
import { withoutTag } from './ollama-answers.js';

const { version } = JSON.parse(
  readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8'),
) as { version: string };

/** `GET /api/version`: Skein's own. */
export function handleOllamaVersion(context: GatewayContext): Response {
  return context.json({ version });
}

/** `GET /api/tags`: what is served and can be loaded now. */
export async function handleOllamaTags(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const names = await servedModels(services);
  const models = await Promise.all(
    names.map(async (name) => {
      const model = await describe(context, services, name).catch(orNone);
      return model === null ? [] : [{ name, model: name, ...describeModel(model, services) }];
    }),
  );
  return context.json({ models: models.flat() });
}

const showSchema = z.strictObject({
  model: modelField.nullish(),
  /** The older name of the same. */
  name: modelField.nullish(),
  verbose: z.boolean().nullish(),
  system: unsupported('models have no system message of their own', z.literal('')),
  template: unsupported('the model’s own template is used', z.literal('')),
  options: unsupported('options are given with each request'),
});

/** `POST /api/show`. */
export async function handleOllamaShow(
  context: GatewayContext,
  services: GatewayServices,
): Promise<Response> {
  const body = await parseBody(context, showSchema);
  const name = body.model ?? body.name;
  if (name == null) throw new SkeinError('bad-argument', '"model" is needed');
  const model = await describe(context, services, withoutTag(name));
  const { config } = model.manifest;
  const { architecture, contextLength, blockCount, hiddenSize, vocabSize } = config;
  const { details, modified_at } = describeModel(model, services);
  return context.json({
    modelfile: `FROM ${model.manifest.name}`,
    parameters: '',
    template: model.chatTemplate ?? '',
    details,
    model_info: {
      'general.architecture': architecture,
      'general.parameter_count': parameterCount(model),
      [`${architecture}.context_length`]: contextLength,
      [`${architecture}.block_count`]: blockCount,
      [`${architecture}.embedding_length`]: hiddenSize,
      [`${architecture}.vocab_size`]: vocabSize,
    },
    capabilities: ['completion', ...(hasTools(model) ? ['tools'] : [])],
    modified_at,
  });
}

function describe(context: GatewayContext, services: GatewayServices, name: string) {
  const { signal } = context.req.raw;
  return services.generations.resolve(name, context.get('caller'), { signal });
}

function describeModel(model: LoadedModel, { startedAtSeconds }: GatewayServices) {
  const { manifest, hash } = model;
  const { architecture } = manifest.config;
  const types = manifest.tensors.map(({ type }) => type);
  return {
    modified_at: new Date(startedAtSeconds * 1000).toISOString(),
    // How many bytes it takes on the peers is theirs to choose.
    size: 0,
    digest: hash,
    details: {
      parent_model: '',
      format: 'skein',
      family: architecture,
      families: [architecture],
      parameter_size: readable(parameterCount(model)),
      quantization_level: mostFrequent(types).toUpperCase(),
    },
  };
}

function parameterCount({ manifest }: LoadedModel): number {
  return manifest.tensors.reduce(
    (sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1),
    0,
  );
}

/** As Ollama writes it: `7.5M`, `8.0B`. */
function readable(count: number): string {
  return count >= 1e9 ? `${(count / 1e9).toFixed(1)}B` : `${(count / 1e6).toFixed(1)}M`;
}

function mostFrequent(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? '';
}

function hasTools(model: LoadedModel): boolean {
  try {
    return model.chatTemplate !== null && toolSyntaxFor(model).name !== 'plain';
  } catch (error) {
    return orNone(error) !== null;
  }
}

/** A model that no peer can tell about now is left out; anything else is a failure. */
function orNone(error: unknown): null {
  if (isSkeinError(error)) return null;
  throw error;
}

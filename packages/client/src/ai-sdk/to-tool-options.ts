import type { LanguageModelV3CallOptions, SharedV3Warning } from '@ai-sdk/provider';
import type { JsonSchema, ResponseFormat } from '../grammar/index.js';
import type { ToolChoice, ToolDefinition, ToolOptions } from '../tools/index.js';

/** The tools of a call. Tools that a provider would run are left out, with a warning. */
export function toToolOptions(
  { tools = [], toolChoice }: LanguageModelV3CallOptions,
  warnings: SharedV3Warning[],
): ToolOptions {
  if (toolChoice?.type === 'none') return {};
  const definitions = tools.flatMap((tool): ToolDefinition[] => {
    if (tool.type === 'function') {
      const { name, description, inputSchema } = tool;
      const parameters = inputSchema as JsonSchema;
      return [{ name, ...(description !== undefined && { description }), parameters }];
    }
    const feature = `tool ${tool.id}`;
    warnings.push({ type: 'unsupported', feature, details: 'only functions are called' });
    return [];
  });
  if (definitions.length === 0) return {};
  return {
    tools: definitions,
    ...(toolChoice !== undefined && { toolChoice: choice(toolChoice) }),
  };
}

function choice(
  wanted: Exclude<LanguageModelV3CallOptions['toolChoice'], { type: 'none' } | undefined>,
): ToolChoice {
  return wanted.type === 'tool' ? { name: wanted.toolName } : wanted.type;
}

/** The format of an answer; each token is drawn from those that fit. */
export function toResponseFormat({
  responseFormat,
}: LanguageModelV3CallOptions): ResponseFormat | undefined {
  if (responseFormat?.type !== 'json') return undefined;
  const { schema } = responseFormat;
  if (schema === undefined) return { type: 'json-object' };
  return { type: 'json-schema', schema: schema as JsonSchema };
}

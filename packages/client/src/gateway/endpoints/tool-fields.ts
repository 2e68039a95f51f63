import * as z from 'zod';
import type { ToolChoice, ToolDefinition, ToolOptions } from '../../tools/index.js';
import { toolsMax } from '../../tools/index.js';
import { GatewayError } from '../http/gateway-error.js';

/** The name of a tool. */
export const toolName = z
  .string()
  .regex(/^[\w-]{1,64}$/, 'must be up to 64 letters, digits, - and _');

/** A function as all of OpenAI's endpoints describe it. It is enforced whether `strict` or not. */
export const functionFields = {
  name: toolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
};

const onlyFunctions = { error: 'only tools of type "function" are supported' };
const simpleChoice = z.enum(['none', 'auto', 'required']);
const choiceError = { error: 'must be none, auto, required, or name a function' };

/** `tools` and what belongs to them, of chat completions. */
export const chatToolFields = {
  tools: z
    .array(
      z.strictObject({
        type: z.literal('function', onlyFunctions),
        function: z.strictObject(functionFields),
      }),
    )
    .max(toolsMax)
    .nullish(),
  tool_choice: z
    .union(
      [
        simpleChoice,
        z.strictObject({
          type: z.literal('function'),
          function: z.strictObject({ name: toolName }),
        }),
      ],
      choiceError,
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};

/** The same, of responses. */
export const responseToolFields = {
  tools: z
    .array(z.strictObject({ type: z.literal('function', onlyFunctions), ...functionFields }))
    .max(toolsMax)
    .nullish(),
  tool_choice: z
    .union(
      [simpleChoice, z.strictObject({ type: z.literal('function'), name: toolName })],
      choiceError,
    )
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
};

interface FunctionFields {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A tool as a request describes it. */
export function toTool({ name, description, parameters }: FunctionFields): ToolDefinition {
  return {
    name,
    ...(description != null && { description }),
    ...(parameters != null && { parameters }),
  };
}

/**
 * What a request says of tools.
 * @throws GatewayError for a choice among tools that are not there
 */
export function toToolOptions(
  tools: readonly ToolDefinition[],
  given: { readonly choice: 'none' | ToolChoice | null; readonly isParallel: boolean | null },
): ToolOptions {
  const { choice, isParallel } = given;
  const name = typeof choice === 'object' ? choice?.name : undefined;
  const isMissing = name !== undefined && !tools.some((tool) => tool.name === name);
  if (isMissing || (choice === 'required' && tools.length === 0)) {
    const text = '"tool_choice": it asks for a tool that is not among "tools"';
    throw new GatewayError(text, { status: 400, code: 'invalid_value', param: 'tool_choice' });
  }
  if (choice === 'none') return {};
  return {
    tools,
    ...(choice !== null && { toolChoice: choice }),
    ...(isParallel !== null && { parallelToolCalls: isParallel }),
  };
}

/** The tools that a chat asks for. */
export function chatTools(body: z.output<z.ZodObject<typeof chatToolFields>>): ToolOptions {
  const { tools, tool_choice: choice, parallel_tool_calls: isParallel } = body;
  const definitions = (tools ?? []).map((tool) => toTool(tool.function));
  const wanted = typeof choice === 'object' && choice !== null ? choice.function : choice;
  return toToolOptions(definitions, { choice: wanted ?? null, isParallel: isParallel ?? null });
}

/** The tools that a response may use. */
export function responseTools(body: z.output<z.ZodObject<typeof responseToolFields>>): ToolOptions {
  const { tools, tool_choice: choice, parallel_tool_calls: isParallel } = body;
  const wanted = typeof choice === 'object' && choice !== null ? { name: choice.name } : choice;
  const definitions = (tools ?? []).map(toTool);
  return toToolOptions(definitions, { choice: wanted ?? null, isParallel: isParallel ?? null });
}

/**
 * The arguments of an earlier call, as templates read them.
 * @throws GatewayError that names the parameter
 */
export function parseArguments(text: string, param: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below, as for JSON of another kind.
  }
  throw new GatewayError(`"${param}": must be a JSON object, as text`, {
    status: 400,
    code: 'invalid_value',
    param,
  });
}

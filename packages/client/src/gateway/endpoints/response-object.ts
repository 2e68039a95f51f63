import type { GenerationUsage } from '../generation/generation-request.js';
import type { tokenLogProbability } from './generation-objects.js';
import type { ResponsesBody } from './responses-schema.js';

type Status = 'in_progress' | 'completed' | 'incomplete' | 'failed';

/** The assistant's message, while it grows. */
export interface MessageItem {
  readonly type: 'message';
  readonly id: string;
  text: string;
  readonly logprobs: ReturnType<typeof tokenLogProbability>[];
}

/** A call of a tool, while it grows. */
export interface CallItem {
  readonly type: 'function_call';
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  arguments: string;
}

export type OutputItem = MessageItem | CallItem;

/** What becomes of a response while it is generated. */
export interface ResponseState {
  readonly id: string;
  readonly createdAtSeconds: number;
  readonly body: ResponsesBody;
  readonly items: OutputItem[];
  status: Status;
  usage: GenerationUsage | null;
  error: { readonly code: string; readonly message: string } | null;
}

/** The part that holds the text of a message. */
export function outputTextPart({ text, logprobs }: MessageItem) {
  return { type: 'output_text', text, annotations: [], logprobs };
}

/** An item of the output; `hasContent` is false for one that has just begun. */
export function outputItem(item: OutputItem, given: Status, hasContent: boolean) {
  const status = given === 'failed' ? 'incomplete' : given;
  if (item.type === 'function_call') {
    const { id, type, callId: call_id, name } = item;
    return { id, type, call_id, name, arguments: hasContent ? item.arguments : '', status };
  }
  const { id, type } = item;
  const content = hasContent ? [outputTextPart(item)] : [];
  return { id, type, role: 'assistant', status, content };
}

/** The response as a whole, with all fields that clients of the API expect. */
export function responseObject(state: ResponseState) {
  const { body, status, usage, items } = state;
  const isBegun = status !== 'in_progress';
  return {
    id: state.id,
    object: 'response',
    created_at: state.createdAtSeconds,
    status,
    background: false,
    error: state.error,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: body.model,
    output: isBegun ? items.map((item) => outputItem(item, itemStatus(state, item), true)) : [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: body.service_tier === 'flex' ? 'flex' : 'default',
    store: false,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: usage === null ? null : usageObject(usage),
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

/** Only the last item can have been cut. */
export function itemStatus({ items, status }: ResponseState, item: OutputItem): Status {
  return item === items.at(-1) ? status : 'completed';
}

function usageObject({ promptTokens, cachedTokens, completionTokens }: GenerationUsage) {
  return {
    input_tokens: promptTokens,
    input_tokens_details: { cached_tokens: cachedTokens },
    output_tokens: completionTokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: promptTokens + completionTokens,
  };
}

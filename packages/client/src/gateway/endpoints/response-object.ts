import type { GenerationUsage } from '../generation/generation-request.js';
import type { tokenLogProbability } from './generation-objects.js';
import type { ResponsesBody } from './responses-schema.js';

/** What becomes of a response while it is generated. */
export interface ResponseState {
  readonly id: string;
  readonly messageId: string;
  readonly createdAtSeconds: number;
  readonly body: ResponsesBody;
  readonly logprobs: ReturnType<typeof tokenLogProbability>[];
  text: string;
  status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  usage: GenerationUsage | null;
  error: { readonly code: string; readonly message: string } | null;
}

/** The part that holds the text of the answer. */
export function outputTextPart({ text, logprobs }: ResponseState) {
  return { type: 'output_text', text, annotations: [], logprobs };
}

/** The one item of the output: the assistant's message. */
export function outputMessage(state: ResponseState, hasContent: boolean) {
  return {
    id: state.messageId,
    type: 'message',
    role: 'assistant',
    status: state.status === 'failed' ? 'incomplete' : state.status,
    content: hasContent ? [outputTextPart(state)] : [],
  };
}

/** The response as a whole, with all fields that clients of the API expect. */
export function responseObject(state: ResponseState) {
  const { body, status, usage } = state;
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
    output: isBegun ? [outputMessage(state, true)] : [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    service_tier: 'default',
    store: false,
    temperature: body.temperature ?? 1,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: 'disabled',
    usage: usage === null ? null : usageObject(usage),
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
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

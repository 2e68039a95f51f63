import { type ErrorCode, type SkeinError, toSkeinError } from '@skein/protocol';
import { gatewayLimits } from '../gateway-limits.js';
import { GatewayError, type GatewayErrorOptions } from './gateway-error.js';

/** An error as OpenAI's API writes it. */
export interface ApiErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
    readonly [detail: string]: unknown;
  };
}

type Status = GatewayErrorOptions['status'];

/** Codes of ours that OpenAI's API has a name for. All others go out as they are. */
const known: Partial<Record<ErrorCode, { status: Status; code: string; param?: string }>> = {
  'model-unknown': { status: 404, code: 'model_not_found', param: 'model' },
  'model-unsupported': { status: 400, code: 'model_unsupported', param: 'model' },
  'context-exceeded': { status: 400, code: 'context_length_exceeded' },
  'bad-argument': { status: 400, code: 'invalid_value' },
  'limit-exceeded': { status: 400, code: 'limit_exceeded' },
  busy: { status: 429, code: 'busy' },
  'kv-full': { status: 429, code: 'kv_full' },
  draining: { status: 429, code: 'draining' },
  'no-route': { status: 503, code: 'no_route' },
  aborted: { status: 503, code: 'aborted' },
};

/** Turns anything thrown into an error of the API. What nobody foresaw keeps its text to itself. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const failure = toSkeinError(error);
  const entry = known[failure.code];
  const cause = failure;
  if (entry !== undefined) {
    const { status, code, param } = entry;
    const retryAfterMs = retryAfter(failure.code);
    return new GatewayError(failure.message, {
      status,
      code,
      cause,
      details: detailsOf(failure),
      ...(param !== undefined && { param }),
      ...(retryAfterMs !== null && { retryAfterMs }),
    });
  }
  if (failure.isRetryable) {
    const retryAfterMs = gatewayLimits.busyRetryAfterMs;
    const code = failure.code.replaceAll('-', '_');
    return new GatewayError(failure.message, { status: 503, code, cause, retryAfterMs });
  }
  const text = 'an unexpected error; the log of the gateway has it under the request id';
  return new GatewayError(text, { status: 500, code: 'internal_error', cause });
}

/** The body of an error's answer. */
export function apiErrorBody(error: GatewayError): ApiErrorBody {
  const { message, param, code, details } = error;
  return { error: { ...details, message, type: errorType(error.status), param, code } };
}

/** The headers of an error's answer. */
export function apiErrorHeaders({ retryAfterMs, status }: GatewayError): Record<string, string> {
  return {
    ...(retryAfterMs !== null && { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    ...(status === 401 && { 'www-authenticate': 'Bearer' }),
  };
}

function errorType(status: number): string {
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

function retryAfter(code: ErrorCode): number | null {
  if (code === 'no-route') return gatewayLimits.noRouteRetryAfterMs;
  if (code === 'aborted') return gatewayLimits.busyRetryAfterMs;
  return code === 'busy' || code === 'kv-full' || code === 'draining'
    ? gatewayLimits.busyRetryAfterMs
    : null;
}

/** The facts that help a caller: numbers of a context, blocks that nobody hosts. */
function detailsOf({ code, details }: SkeinError): Record<string, unknown> {
  const { promptTokens, maxTokens, contextLength, missingBlocks } = details;
  if (code === 'context-exceeded') {
    return {
      prompt_tokens: promptTokens,
      ...(maxTokens !== undefined && { max_tokens: maxTokens }),
      context_length: contextLength,
    };
  }
  if (code !== 'no-route') return {};
  return {
    missing_blocks: missingBlocks ?? [],
    is_embedding_missing: details.isEmbeddingMissing === true,
    is_head_missing: details.isHeadMissing === true,
  };
}

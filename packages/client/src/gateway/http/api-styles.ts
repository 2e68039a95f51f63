import { apiErrorBody } from './api-error.js';
import type { GatewayError } from './gateway-error.js';

/** The body of an error's answer, in the shape of the API that the path belongs to. */
export function errorBodyFor(path: string, error: GatewayError): object {
  if (path.startsWith('/api/')) return { error: error.message };
  return path === '/v1/messages' ? anthropicErrorBody(error) : apiErrorBody(error);
}

/** An error as Anthropic's API writes it. */
export function anthropicErrorBody({ status, message }: GatewayError) {
  return { type: 'error', error: { type: anthropicErrorType(status), message } };
}

function anthropicErrorType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error';
  }
}

import { blocks, duration, plural, sentence } from '@skein/look';

/** What went wrong, and what a person can do about it. */
export interface Failure {
  /** The gateway's code, or `unreachable`. */
  readonly code: string;
  readonly title: string;
  readonly advice: string;
  /** Asking the same again may work. */
  readonly canRetry: boolean;
}

/** The fields of an error's body that we use; all of it comes from a server. */
interface ErrorFields {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly param?: unknown;
  readonly missing_blocks?: unknown;
  readonly prompt_tokens?: unknown;
  readonly context_length?: unknown;
}

/** A refusal of the gateway, or of what stands between. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.title);
    this.failure = failure;
  }
}

/** An error's answer: a status, its body, and when to try again. */
export function describeError(
  body: unknown,
  options: { readonly status: number | null; readonly retryAfterSeconds?: number },
): Failure {
  const fields = errorFields(body);
  const code = typeof fields.code === 'string' ? fields.code : `status-${options.status}`;
  const known = descriptions[code]?.(fields);
  const later = options.retryAfterSeconds;
  const text = typeof fields.message === 'string' ? fields.message : 'No reason was given.';
  const title = known?.title ?? (options.status === 500 ? 'The gateway failed' : 'No answer');
  const wait = later === undefined ? '' : ` Try again in ${duration(later * 1000)}.`;
  const status = options.status ?? 500;
  return {
    code,
    title,
    advice: `${known?.advice ?? sentence(text)}${wait}`,
    canRetry: status >= 500 || status === 429,
  };
}

/** Why nothing came back at all. */
export function describeBreak(error: unknown): Failure {
  if (error instanceof ApiError) return error.failure;
  const hasBegun = error instanceof Error && error.message === 'incomplete';
  return {
    code: 'unreachable',
    title: hasBegun ? 'The answer broke off' : 'The gateway does not answer',
    advice: 'Is “skein serve” still running, and this device still connected to it?',
    canRetry: true,
  };
}

type Description = (fields: ErrorFields) => { readonly title: string; readonly advice?: string };

const descriptions: Readonly<Record<string, Description>> = {
  no_route: (fields) => ({
    title: 'No route through the swarm',
    advice: `${missing(fields.missing_blocks)} The swarm heals when a peer takes them.`,
  }),
  context_length_exceeded: ({ prompt_tokens: used, context_length: most }) => ({
    title: 'This conversation is too long for the model',
    advice:
      typeof used === 'number' && typeof most === 'number'
        ? `It has ${plural(used, 'token')}, the model reads ${most.toLocaleString('en')}. Begin a new one, or edit an earlier question.`
        : 'Begin a new one, or edit an earlier question.',
  }),
  model_not_found: () => ({
    title: 'This model is not served any more',
    advice: 'Choose another one above.',
  }),
  model_unsupported: () => ({ title: 'This model cannot chat' }),
  invalid_api_key: () => ({
    title: 'The key was not accepted',
    advice: 'Enter another one under Settings.',
  }),
  host_not_allowed: () => ({
    title: 'Not under this name',
    advice: 'Without keys the gateway answers to localhost only: open http://localhost instead.',
  }),
  rate_limit_exceeded: () => ({ title: 'Too many requests in this minute' }),
  insufficient_quota: () => ({ title: 'This key has used up its tokens for today' }),
  busy: () => ({ title: 'All places are taken', advice: 'Others are being answered first.' }),
  kv_full: () => ({ title: 'The peers have no room left', advice: 'Others use all of it.' }),
  stopping: () => ({ title: 'The gateway is stopping', advice: 'It takes no new questions.' }),
};

function errorFields(body: unknown): ErrorFields {
  const error = (body as { error?: unknown } | null)?.error;
  return typeof error === 'object' && error !== null ? error : {};
}

function missing(spans: unknown): string {
  if (!Array.isArray(spans) || spans.length === 0) return 'Nobody hosts all of this model now.';
  const names = spans.slice(0, 4).map((span: { start?: unknown; end?: unknown } | null) => {
    const start = Number(span?.start);
    const end = Number(span?.end);
    return blocks({ start, end });
  });
  const more = spans.length > names.length ? ' and others' : '';
  return `Nobody hosts ${names.join(', ')}${more} now.`;
}

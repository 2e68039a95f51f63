/** What a {@link GatewayError} says beside its message; the names are those of OpenAI's API. */
export interface GatewayErrorOptions {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503;
  /** Stable and machine-readable, such as `context_length_exceeded`. */
  readonly code: string;
  /** The parameter that is to blame. */
  readonly param?: string;
  /** When to try again. */
  readonly retryAfterMs?: number;
  /** Further facts, such as missing blocks. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** A refusal that only HTTP knows of: keys, quotas, parameters. All else is a `SkeinError`. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly status: GatewayErrorOptions['status'];
  readonly code: string;
  readonly param: string | null;
  readonly retryAfterMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(message: string, options: GatewayErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.code = options.code;
    this.param = options.param ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.details = options.details ?? {};
  }
}

/** A parameter that is known and not supported, or not with this value. */
export function unsupportedParameter(param: string, message: string): GatewayError {
  return new GatewayError(message, { status: 400, code: 'unsupported_parameter', param });
}

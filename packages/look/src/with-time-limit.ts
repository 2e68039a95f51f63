/**
 * Does some work that ends after a while, or when a signal says so.
 * @param work is to end, by throwing, when its signal aborts
 */
export async function withTimeLimit<Result>(
  limitMs: number,
  work: (signal: AbortSignal) => Promise<Result>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<Result> {
  const limit = new AbortController();
  const abort = () => limit.abort(options.signal?.reason);
  const timer = setTimeout(() => limit.abort(new Error('it takes too long')), limitMs);
  if (options.signal?.aborted) abort();
  options.signal?.addEventListener('abort', abort);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', abort);
  }
}

/** What one stream came to. */
export type StreamOutcome =
  | {
      readonly kind: 'done';
      readonly firstTokenMs: number;
      readonly elapsedMs: number;
      readonly tokens: number;
      readonly cachedTokens: number;
    }
  | { readonly kind: 'failed'; readonly reason: string };

/** Where and what to ask. */
export interface StreamRequest {
  readonly url: string;
  readonly key: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

interface Chunk {
  readonly error?: { readonly code: string };
  readonly choices?: readonly { readonly delta: { readonly content?: string } }[];
  readonly usage?: {
    readonly completion_tokens: number;
    readonly prompt_tokens_details: { readonly cached_tokens: number };
  } | null;
}

/** Streams one chat completion to its end. Never throws. */
export async function streamOnce({ url, key, body }: StreamRequest): Promise<StreamOutcome> {
  const startedAtMs = performance.now();
  let firstTokenMs: number | null = null;
  let usage: Chunk['usage'] = null;
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key !== null && { authorization: `Bearer ${key}` }),
      },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    });
    if (response.status !== 200) {
      const answer = (await response.json()) as Chunk;
      return { kind: 'failed', reason: `${response.status} ${answer.error?.code}` };
    }
    for await (const chunk of chunksOf(response)) {
      if (chunk.error !== undefined) return { kind: 'failed', reason: chunk.error.code };
      if (chunk.choices?.[0]?.delta.content) firstTokenMs ??= performance.now() - startedAtMs;
      usage = chunk.usage ?? usage;
    }
  } catch (error) {
    return { kind: 'failed', reason: (error as Error).message };
  }
  if (usage == null || firstTokenMs === null) return { kind: 'failed', reason: 'no end' };
  return {
    kind: 'done',
    firstTokenMs,
    elapsedMs: performance.now() - startedAtMs,
    tokens: usage.completion_tokens,
    cachedTokens: usage.prompt_tokens_details.cached_tokens,
  };
}

async function* chunksOf(response: Response): AsyncGenerator<Chunk> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data: {')) yield JSON.parse(line.slice('data: '.length)) as Chunk;
    }
  }
}

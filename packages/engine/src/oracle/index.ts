/**
 * llama.cpp on the same libraries as the engine, and on a thread pool of its own: the yardstick of benchmarks.
 *
 * ```ts
 * const llama = await openLibllama('model.gguf', { threads: 2, contextLength: 1024, kvType: 'f16' });
 * const logits = llama.decode(Int32Array.of(1, 2, 3), { position: 0, logits: 'last' });
 * llama.free();
 * ```
 */
import { openRuntime } from '../ggml/choose-device.js';
import { Libllama, type LibllamaOptions } from './libllama.js';

export { Libllama, type LibllamaOptions } from './libllama.js';

/** What llama.cpp's own programs set: how much idle threads poll, 0 to 100. */
const llamaPolling = 50;

/** Loads a GGUF file into llama.cpp on the CPU. */
export async function openLibllama(path: string, options: LibllamaOptions): Promise<Libllama> {
  const { threads } = options;
  const runtime = await openRuntime('cpu', { threads, polling: llamaPolling });
  const llama = Libllama.load(runtime.ggml, path, options);
  const pool = runtime.threadPool;
  if (pool !== null) llama.attachThreadPool(pool);
  return llama;
}

import { SkeinError } from '@skein/protocol';
import type { Context } from './c-types.js';
import type { Ggml } from './load-ggml.js';

/**
 * Makes an arena for the headers of `tensorCount` tensors and `extraBytes` of graphs. Tensors'
 * data lies elsewhere. @throws SkeinError `out-of-memory`
 */
export function createContext(ggml: Ggml, tensorCount: number, extraBytes = 0): Context {
  const bytes = ggml.tensor_overhead() * (tensorCount + 1) + extraBytes;
  const context = ggml.init({ mem_size: bytes, mem_buffer: null, no_alloc: true });
  if (context === null) {
    throw new SkeinError('out-of-memory', `There is no room for ${bytes} bytes of tensor headers.`);
  }
  return context;
}

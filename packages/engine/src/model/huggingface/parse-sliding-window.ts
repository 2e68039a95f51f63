import { type Architecture, limits } from '@skein/protocol';
import type { MetadataFields } from '../metadata-fields.js';

/** transformers' defaults where a key is absent (which is not the same as null). */
const defaultWindow = 4096;
const defaultMaxWindowLayers = 28;

/**
 * Reads which tokens attention sees: the window of every block, or null for all tokens.
 *
 * @throws SkeinError `model-unsupported` where blocks differ, `model-corrupt`
 */
export function parseSlidingWindow(
  fields: MetadataFields,
  architecture: Architecture,
  blockCount: number,
): number | null {
  const perBlock = parseLayerTypes(fields, blockCount);
  if (architecture === 'llama') {
    if (perBlock === 'sliding') throw fields.unsupported('layer_types');
    return null;
  }
  const window = parseWindow(fields);
  if (architecture === 'mistral') {
    // transformers' Mistral never looks at `layer_types`; where they disagree, we cannot know.
    if (perBlock !== null && (perBlock === 'sliding') !== (window !== null)) {
      throw fields.unsupported('layer_types', 'It must agree with sliding_window.');
    }
    return window;
  }
  return qwenWindow(fields, { window, perBlock, blockCount });
}

/** Qwen's window is off by default, and spares the first `max_window_layers` blocks. */
function qwenWindow(
  fields: MetadataFields,
  {
    window,
    perBlock,
    blockCount,
  }: {
    window: number | null;
    perBlock: 'full' | 'sliding' | null;
    blockCount: number;
  },
): number | null {
  if (window === null || fields.boolean('use_sliding_window') !== true) {
    if (perBlock === 'sliding') throw fields.unsupported('layer_types');
    return null;
  }
  if (perBlock !== null) return perBlock === 'sliding' ? window : null;
  const range = { min: 0, max: limits.blockCountMax };
  const fullBlocks = fields.integer('max_window_layers', range) ?? defaultMaxWindowLayers;
  if (fullBlocks >= blockCount) return null;
  if (fullBlocks === 0) return window;
  throw fields.unsupported('max_window_layers', 'All blocks must have the same attention window.');
}

function parseWindow(fields: MetadataFields): number | null {
  if (!fields.has('sliding_window')) return defaultWindow;
  return fields.integer('sliding_window', { max: Number.MAX_SAFE_INTEGER }) ?? null;
}

function parseLayerTypes(fields: MetadataFields, blockCount: number): 'full' | 'sliding' | null {
  const types = fields.raw('layer_types');
  if (types === undefined) return null;
  if (!Array.isArray(types) || types.length !== blockCount) {
    throw fields.fault('layer_types', `a list of ${blockCount}, one for each block`);
  }
  if (types.every((type) => type === 'full_attention')) return 'full';
  if (types.every((type) => type === 'sliding_attention')) return 'sliding';
  throw fields.unsupported('layer_types', 'All blocks must have the same kind of attention.');
}

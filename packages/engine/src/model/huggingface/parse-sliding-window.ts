import { limits } from '@skein/protocol';
import type { MetadataFields } from '../metadata-fields.js';

/** transformers' defaults where a key is absent (which is not the same as null). */
const defaultWindow = 4096;
const defaultMaxWindowLayers = 28;

/** Llama has no window, whatever its file says. @throws SkeinError `model-unsupported` */
export function refuseWindow(fields: MetadataFields, blockCount: number): void {
  if (parseLayerTypes(fields, blockCount) === 'sliding') throw fields.unsupported('layer_types');
}

/**
 * Mistral's window, which is that of every block.
 * @throws SkeinError `model-unsupported`, `model-corrupt`
 */
export function mistralWindow(fields: MetadataFields, blockCount: number): number | null {
  const window = readWindow(fields, defaultWindow);
  const perBlock = parseLayerTypes(fields, blockCount);
  // transformers' Mistral never looks at `layer_types`; where they disagree, we cannot know.
  if (perBlock !== null && (perBlock === 'sliding') !== (window !== null)) {
    throw fields.unsupported('layer_types', 'It must agree with sliding_window.');
  }
  return window;
}

/**
 * Qwen's window is off by default, and spares the first `max_window_layers` blocks.
 * @throws SkeinError `model-unsupported` where blocks differ, `model-corrupt`
 */
export function qwenWindow(fields: MetadataFields, blockCount: number): number | null {
  const window = readWindow(fields, defaultWindow);
  const perBlock = parseLayerTypes(fields, blockCount);
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

/** The window under its usual key: null is none, and absent is the family's default. */
export function readWindow(fields: MetadataFields, absent: number | null): number | null {
  if (!fields.has('sliding_window')) return absent;
  return fields.integer('sliding_window', { max: Number.MAX_SAFE_INTEGER }) ?? null;
}

/**
 * The blocks that see all tokens, of a model in which blocks may differ.
 * @returns null where the file does not list the kinds of its blocks
 * @throws SkeinError `model-unsupported`, `model-corrupt`
 */
export function readFullBlocks(
  fields: MetadataFields,
  blockCount: number,
): readonly number[] | null {
  const types = readLayerTypes(fields, blockCount);
  if (types === null) return null;
  return types.flatMap((type, block) => (type === 'full' ? [block] : []));
}

function parseLayerTypes(fields: MetadataFields, blockCount: number): 'full' | 'sliding' | null {
  const types = readLayerTypes(fields, blockCount);
  if (types === null) return null;
  const [first] = types;
  if (first !== undefined && types.every((type) => type === first)) return first;
  throw fields.unsupported('layer_types', 'All blocks must have the same kind of attention.');
}

function readLayerTypes(
  fields: MetadataFields,
  blockCount: number,
): readonly ('full' | 'sliding')[] | null {
  const types = fields.raw('layer_types');
  if (types === undefined) return null;
  if (!Array.isArray(types) || types.length !== blockCount) {
    throw fields.fault('layer_types', `a list of ${blockCount}, one for each block`);
  }
  return types.map((type: unknown) => {
    if (type === 'full_attention') return 'full';
    if (type === 'sliding_attention') return 'sliding';
    throw fields.unsupported('layer_types', 'Supported are full_attention and sliding_attention.');
  });
}

import { limits } from '@skein/protocol';
import { parseRope, parseRopeFields, type RopeSettings } from '../model/huggingface/parse-rope.js';
import { readFullBlocks, readWindow } from '../model/huggingface/parse-sliding-window.js';
import { MetadataFields } from '../model/metadata-fields.js';
import { isJsonObject, type Json } from '../model/parse-json.js';
import type { ArchitectureDefinition } from './architecture.js';
import {
  attentionScaleOf,
  gemmaBlocks,
  gemmaSoftCapFields,
  gemmaTensorNames,
  queryScalarOf,
  readSoftCaps,
} from './gemma.js';
import { lastOfEach } from './last-of-each.js';
import { readGgufWindow } from './read-gguf-window.js';

/** Every sixth block sees all tokens, unless the file says otherwise. */
const defaultPeriod = 6;
const defaultWindow = 4096;
const theta = 1_000_000;
const windowedTheta = 10_000;

/** Blocks of the 27B model, whose scale no GGUF key tells. */
const blocksOf27B = 62;

/** Gemma 3, its text: five windowed blocks to each that sees all tokens, with rotations of their own. */
export const gemma3: ArchitectureDefinition = {
  name: 'gemma3',
  huggingFace: {
    modelType: 'gemma3_text',
    className: 'Gemma3ForCausalLM',
    defaults: { kvHeadCount: 4, contextLength: 131_072, headDim: 256, tiedEmbeddings: true },
    fields: gemmaSoftCapFields,
    activation: 'gelu-tanh',
    tensorNames: gemmaTensorNames,
    readRope,
    read: (fields, sizes) => {
      const { blockCount } = sizes;
      if (fields.boolean('use_bidirectional_attention') === true) {
        throw fields.unsupported('use_bidirectional_attention');
      }
      return {
        ...gemmaBlocks(sizes),
        ...readSoftCaps(fields),
        ...attentionScaleOf(fields.positive('query_pre_attn_scalar') ?? 256, sizes),
        normOffset: 1,
        qkNorm: true,
        slidingWindow: readWindow(fields, defaultWindow),
        fullAttentionBlocks:
          readFullBlocks(fields, blockCount) ??
          lastOfEach(readPeriod(fields, 'sliding_window_pattern'), blockCount),
      };
    },
  },
  gguf: {
    name: 'gemma3',
    ropeMode: 'neox',
    keys: ['final_logit_softcapping'],
    windowedRope: (fields) => ({
      theta: fields.positive('rope.freq_base_swa') ?? windowedTheta,
      scaling: { kind: 'none' },
    }),
    read: (fields, { sizes }) => ({
      ...gemmaBlocks(sizes),
      ...readSoftCaps(fields),
      ...attentionScaleOf(queryScalarOf(sizes, blocksOf27B), sizes),
      qkNorm: true,
      slidingWindow: readGgufWindow(fields) ?? fields.missing('attention.sliding_window'),
      fullAttentionBlocks: lastOfEach(
        readPeriod(fields, 'attention.sliding_window_pattern'),
        sizes.blockCount,
      ),
    }),
  },
};

/**
 * transformers 5 has settings for each kind of block; version 4 had those of the blocks that see
 * all tokens where other families have theirs, and one number for the others.
 */
function readRope(
  fields: MetadataFields,
  { contextLength, headDim }: { contextLength: number; headDim: number },
): RopeSettings {
  const parameters = fields.raw('rope_parameters') as Json | undefined;
  const options = { contextLength, headDim, theta };
  if (!isJsonObject(parameters) || !('full_attention' in parameters)) {
    const local = fields.positive('rope_local_base_freq') ?? windowedTheta;
    const windowed = { theta: local, scaling: { kind: 'none' } } as const;
    return { ...parseRope(fields, options), windowed };
  }
  const part = (kind: string, defaultTheta: number) => {
    const value = parameters[kind];
    if (!isJsonObject(value)) throw fields.fault(`rope_parameters.${kind}`, 'an object');
    const inner = new MetadataFields(fields.path, value, `rope_parameters.${kind}.`);
    return parseRopeFields(inner, { ...options, theta: defaultTheta });
  };
  const { theta: local, scaling } = part('sliding_attention', windowedTheta);
  return { ...part('full_attention', theta), windowed: { theta: local, scaling } };
}

function readPeriod(fields: MetadataFields, key: string): number {
  return fields.integer(key, { max: limits.blockCountMax }) ?? defaultPeriod;
}

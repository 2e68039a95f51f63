import { SkeinError } from '@skein/protocol';
import {
  byteFallbackStage,
  byteLevelStage,
  type DecodeStage,
  mapStage,
  metaspaceStage,
  sequenceStage,
  stripFusedStage,
  stripToken,
  wordsStage,
} from './decode-stages.js';

/** Decoders of a sequence; real ones have up to five. */
const decodersMax = 16;

type Fields = Readonly<Record<string, unknown>>;

/** Makes stages for one decoding; `isFused` is true once pieces are no longer single tokens. */
type StageFactory = (state: { isFused: boolean }) => DecodeStage;

/**
 * Reads the `decoder` field of a tokenizer.json.
 * @returns a factory of stages, one for each stream
 * @throws SkeinError `model-unsupported` for a decoder that no decoder-only language model uses
 */
export function parseDecoder(decoder: unknown): () => DecodeStage {
  const factories = decoder === null || decoder === undefined ? [wordsStage] : flatten(decoder);
  const create = () => {
    const state = { isFused: false };
    return sequenceStage(factories.map((factory) => factory(state)));
  };
  // A first stream is made at once, so that an unsupported decoder fails at load.
  create();
  return create;
}

function flatten(decoder: unknown): StageFactory[] {
  const fields = fieldsOf(decoder);
  if (fields.type !== 'Sequence') return [stageFactory(fields)];
  const decoders = Array.isArray(fields.decoders) ? fields.decoders : [];
  if (decoders.length > decodersMax) throw unsupported(`${decoders.length} decoders`);
  return decoders.flatMap(flatten);
}

function stageFactory(fields: Fields): StageFactory {
  switch (fields.type) {
    case 'ByteLevel':
      return (state) => {
        state.isFused = true;
        return byteLevelStage();
      };
    case 'Fuse':
      return (state) => {
        state.isFused = true;
        return mapStage((piece) => piece);
      };
    case 'ByteFallback':
      return requiringTokens('ByteFallback', byteFallbackStage);
    case 'Metaspace': {
      const replacement = textField(fields, 'replacement', '\u2581');
      const prependsSpace = fields.prepend_scheme !== 'never' && fields.add_prefix_space !== false;
      return requiringTokens('Metaspace', () => metaspaceStage({ replacement, prependsSpace }));
    }
    case 'Replace':
      return replaceFactory(fields);
    case 'Strip':
      return stripFactory(fields);
    default:
      throw unsupported(`decoder ${String(fields.type)}`);
  }
}

function replaceFactory(fields: Fields): StageFactory {
  const pattern = textField(fieldsOf(fields.pattern), 'String', '');
  const content = textField(fields, 'content', '');
  if (pattern === '') throw unsupported('decoder Replace with a regular expression');
  const replace = (piece: string) => piece.split(pattern).join(content);
  return ({ isFused }) => {
    // A longer pattern could lie across two pieces of what should be one.
    if (isFused && [...pattern].length > 1) throw unsupported('decoder Replace after Fuse');
    return mapStage(replace);
  };
}

function stripFactory(fields: Fields): StageFactory {
  const content = textField(fields, 'content', ' ');
  const options = { content, start: countField(fields, 'start'), stop: countField(fields, 'stop') };
  if (content === '') throw unsupported('decoder Strip of nothing');
  return ({ isFused }) =>
    isFused ? stripFusedStage(options) : mapStage((piece) => stripToken(piece, options));
}

function requiringTokens(name: string, create: () => DecodeStage): StageFactory {
  return ({ isFused }) => {
    if (isFused) throw unsupported(`decoder ${name} after Fuse`);
    return create();
  };
}

function fieldsOf(value: unknown): Fields {
  if (typeof value === 'object' && value !== null) return value as Fields;
  throw unsupported('a decoder that is not an object');
}

function textField(fields: Fields, name: string, fallback: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : fallback;
}

/** Tokens are short: no decoder strips more than a few characters. */
const stripCountMax = 64;

function countField(fields: Fields, name: string): number {
  const value = fields[name] ?? 0;
  if (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= stripCountMax) {
    return Number(value);
  }
  throw unsupported(`decoder Strip with ${name} ${String(value)}`);
}

function unsupported(what: string): SkeinError {
  return new SkeinError('model-unsupported', `tokenizer.json has ${what}, which Skein cannot do`);
}

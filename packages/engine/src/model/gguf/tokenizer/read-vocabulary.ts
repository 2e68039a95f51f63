import { limits } from '@skein/protocol';
import { MetadataFields } from '../../metadata-fields.js';
import { corruptModel } from '../../model-errors.js';
import { modelFileLimits } from '../../model-file-limits.js';
import type { GgufHeader } from '../read-gguf-header.js';

/** Kinds of tokens, by their number in `tokenizer.ggml.token_type`. */
const tokenKinds = ['normal', 'unknown', 'control', 'user-defined', 'unused', 'byte'] as const;
type TokenKind = (typeof tokenKinds)[number];

/** A token of the vocabulary; its id is its index. */
interface VocabularyToken {
  readonly text: string;
  readonly kind: TokenKind;
}

/** The tokenizer's part of a GGUF header, checked. */
export interface Vocabulary {
  readonly fields: MetadataFields;
  readonly tokens: readonly VocabularyToken[];
  /** Id by text. */
  readonly ids: ReadonlyMap<string, number>;
}

/** @throws SkeinError `model-corrupt` */
export function readVocabulary({ path, metadata }: GgufHeader): Vocabulary {
  const fields = new MetadataFields(path, metadata);
  const texts = stringList(fields, 'tokenizer.ggml.tokens');
  if (texts.length > limits.vocabSizeMax) {
    throw corruptModel(
      path,
      `${texts.length} tokens are over the maximum of ${limits.vocabSizeMax}`,
    );
  }
  const kinds = readKinds(fields, texts.length);
  const tokens: VocabularyToken[] = [];
  const ids = new Map<string, number>();
  for (const [id, text] of texts.entries()) {
    if (text.length > modelFileLimits.tokenCharactersMax) {
      throw corruptModel(path, `the token ${id} has ${text.length} characters`);
    }
    // llama.cpp, too, gives an empty token a name, since nothing can be looked up under "".
    const name = text === '' ? `[EMPTY_${id}]` : text;
    if (ids.has(name))
      throw corruptModel(path, `the tokens ${ids.get(name)} and ${id} are the same`);
    ids.set(name, id);
    tokens.push({ text: name, kind: kinds[id] ?? 'normal' });
  }
  return { fields, tokens, ids };
}

/** A metadata entry that must be a list of strings. */
export function stringList(fields: MetadataFields, key: string): readonly string[] {
  const value = fields.raw(key) ?? fields.missing(key);
  const isStrings = Array.isArray(value) && (value.length === 0 || typeof value[0] === 'string');
  if (!isStrings) throw fields.fault(key, 'a list of strings');
  return value as readonly string[];
}

/** Reads a token id that the vocabulary must have. */
export function tokenId({ fields, tokens }: Vocabulary, key: string): number | undefined {
  return fields.integer(`tokenizer.ggml.${key}`, { min: 0, max: tokens.length - 1 });
}

function readKinds(fields: MetadataFields, tokenCount: number): readonly TokenKind[] {
  const key = 'tokenizer.ggml.token_type';
  const types = fields.raw(key);
  if (types === undefined) return [];
  if (
    !(types instanceof Int32Array || types instanceof Uint32Array) ||
    types.length !== tokenCount
  ) {
    throw fields.fault(key, `a list of ${tokenCount} integers, one for each token`);
  }
  return Array.from(types, (type) => {
    // The numbers start at 1; 0 is "undefined" and is treated as normal by llama.cpp.
    const kind = type === 0 ? 'normal' : tokenKinds[type - 1];
    if (kind === undefined) throw fields.fault(key, 'made of token types 0 to 6');
    return kind;
  });
}

import { limits } from '@skein/protocol';
import { MetadataFields } from '../../metadata-fields.js';
import { corruptModel, unsupportedModel } from '../../model-errors.js';
import type { GgufHeader } from '../read-gguf-header.js';
import { byteLevelBpe } from './byte-level-bpe.js';
import { readVocabulary, type Vocabulary } from './read-vocabulary.js';
import { sentencePieceBpe } from './sentencepiece-bpe.js';
import type { TokenizerParts } from './tokenizer-parts.js';

/**
 * Converts a GGUF tokenizer to the text of a tokenizer.json, so that one form of tokenizer travels
 * between peers and clients, whatever file a model came from.
 *
 * @returns null for a model without a tokenizer
 * @throws SkeinError `model-unsupported` for a kind or a pre-tokenizer that is not known,
 *   `model-corrupt`
 */
export function ggufTokenizerJson(header: GgufHeader): string | null {
  const fields = new MetadataFields(header.path, header.metadata);
  const kind = fields.text('tokenizer.ggml.model') ?? 'none';
  if (kind === 'none') return null;
  const json = embeddedJson(fields) ?? convert(header, kind);
  const bytes = Buffer.byteLength(json);
  if (bytes <= limits.tokenizerBytesMax) return json;
  throw corruptModel(
    header.path,
    `its tokenizer has ${bytes} bytes, over ${limits.tokenizerBytesMax}`,
  );
}

/** The specification has a key for the original tokenizer.json; nothing is better than that. */
function embeddedJson(fields: MetadataFields): string | undefined {
  return fields.text('tokenizer.huggingface.json');
}

function convert(header: GgufHeader, kind: string): string {
  if (kind !== 'gpt2' && kind !== 'llama') {
    const problem = `tokenizer.ggml.model = ${kind.slice(0, 80)} is not supported`;
    const wayOut = "Supported are gpt2, llama and none; or use the model's safetensors folder.";
    throw unsupportedModel(header.path, problem, wayOut);
  }
  const vocabulary = readVocabulary(header);
  const parts = kind === 'gpt2' ? byteLevelBpe(vocabulary) : sentencePieceBpe(vocabulary);
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(vocabulary, parts),
    normalizer: parts.normalizer,
    pre_tokenizer: parts.preTokenizer,
    post_processor: postProcessor(vocabulary, parts),
    decoder: parts.decoder,
    model: parts.model,
  });
}

/** Tokens that are found in a text before anything else; the special ones are not shown. */
function addedTokens({ tokens }: Vocabulary, parts: TokenizerParts): readonly object[] {
  return tokens.flatMap(({ text, kind }, id) => {
    const special = kind === 'control' || id === parts.unknownTokenId;
    if (!special && kind !== 'user-defined') return [];
    const token = { id, content: text, single_word: false, lstrip: false, rstrip: false };
    return [{ ...token, normalized: false, special }];
  });
}

function postProcessor(vocabulary: Vocabulary, parts: TokenizerParts): object | null {
  const { bosTokenId, eosTokenId } = parts;
  if (bosTokenId === null && eosTokenId === null) return null;
  const frame = (name: 'A' | 'B', typeId: number) => [
    ...specialToken(vocabulary, bosTokenId, typeId),
    { Sequence: { id: name, type_id: typeId } },
    ...specialToken(vocabulary, eosTokenId, typeId),
  ];
  const special_tokens: Record<string, object> = Object.create(null);
  for (const id of [bosTokenId, eosTokenId]) {
    const text = id === null ? undefined : vocabulary.tokens[id]?.text;
    if (text !== undefined) special_tokens[text] = { id: text, ids: [id], tokens: [text] };
  }
  const single = frame('A', 0);
  return {
    type: 'TemplateProcessing',
    single,
    pair: [...single, ...frame('B', 1)],
    special_tokens,
  };
}

function specialToken(
  { tokens }: Vocabulary,
  id: number | null,
  typeId: number,
): readonly object[] {
  const text = id === null ? undefined : tokens[id]?.text;
  return text === undefined ? [] : [{ SpecialToken: { id: text, type_id: typeId } }];
}

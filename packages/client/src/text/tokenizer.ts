import { SkeinError, type TokenId } from '@skein/protocol';
import { parseDecoder } from './decoder-config.js';
import { StreamDecoder } from './stream-decoder.js';
import { TextEncoderOfFile } from './text-encoder.js';
import { createTokenBytes } from './token-bytes.js';
import { parseTokenizerConfig, parseTokenizerJson } from './tokenizer-file.js';

/** Longest text that is encoded at once, in UTF-16 units: a million tokens have about 4 million. */
export const encodeCharactersMax = 16 * 1024 * 1024;

/** A token that has a role, with its text in the vocabulary. */
export interface SpecialToken {
  readonly id: TokenId;
  readonly text: string;
}

/** Options of {@link Tokenizer.createStreamDecoder}. */
interface StreamDecoderOptions {
  /** Default: true. */
  readonly skipSpecialTokens?: boolean;
  /** Special tokens that are not passed over, by their texts. Default: none. */
  readonly shown?: readonly string[];
}

/** Text to tokens and back. */
export interface Tokenizer {
  /** One more than the largest token id. The model's own vocabulary may be padded beyond it. */
  readonly vocabSize: number;
  /** Tokens that no text is: beginnings, ends, roles. Decoding passes over them by default. */
  readonly specialTokenIds: ReadonlySet<TokenId>;
  /** Begin of text, as tokenizer_config.json names it; null where it does not. */
  readonly bosToken: SpecialToken | null;
  /** End of text. A model may have more ends: see `ModelConfig.eosTokenIds`. */
  readonly eosToken: SpecialToken | null;
  /** Chat templates by name; a single one is called `default`. */
  readonly chatTemplates: ReadonlyMap<string, string>;

  /**
   * Encodes text. Strings of added tokens in it (`<|im_end|>`) become these tokens.
   * @param options.addSpecialTokens adds what the model wants around a text, such as a begin token;
   * default true. Chat templates write these themselves: pass false for their output.
   * @throws SkeinError `limit-exceeded` over {@link encodeCharactersMax}
   */
  encode(text: string, options?: { addSpecialTokens?: boolean }): TokenId[];

  /**
   * Decodes tokens. Ids outside the vocabulary are passed over; bytes that are no UTF-8 become
   * U+FFFD. Spaces are not cleaned up.
   * @param options.skipSpecialTokens default true
   */
  decode(tokens: Iterable<TokenId>, options?: { skipSpecialTokens?: boolean }): string;

  /** Decodes tokens one by one. The options are those of {@link decode}. */
  createStreamDecoder(options?: StreamDecoderOptions): StreamDecoder;

  /** The text of a token in the vocabulary, undecoded (`Ġthe`, `▁the`, `<0x0A>`); null if none. */
  tokenText(token: TokenId): string | null;

  /**
   * The bytes that a token adds in the middle of a text, which may be a part of a character; null
   * for ids without a token and for special tokens.
   */
  tokenBytes(token: TokenId): Uint8Array | null;

  /** The token of an exact text in the vocabulary; null if there is none. */
  tokenId(text: string): TokenId | null;
}

/**
 * Makes a tokenizer from the text of a tokenizer.json, in the format of Hugging Face's `tokenizers`
 * library, and of the tokenizer_config.json next to it. Truncation and padding are not applied.
 * @throws SkeinError `model-corrupt`, `model-unsupported`, `limit-exceeded`
 */
export function createTokenizer(
  tokenizerJson: string,
  options: { configJson?: string } = {},
): Tokenizer {
  const file = parseTokenizerJson(tokenizerJson);
  const config = parseTokenizerConfig(options.configJson);
  const createStage = parseDecoder(file.decoder);
  const encoder = new TextEncoderOfFile(file);
  const specialTokenIds = new Set<TokenId>();
  for (const token of file.addedTokens) if (token.special) specialTokenIds.add(token.id);

  const bytesOf = createTokenBytes(file.decoder, createStage);
  const tokenBytes = (token: TokenId) => {
    const text = specialTokenIds.has(token) ? null : encoder.tokenText(token);
    return text === null ? null : bytesOf(text);
  };

  const createStreamDecoder = (options: StreamDecoderOptions = {}) => {
    const { skipSpecialTokens = true, shown = [] } = options;
    const isPassedOver = (token: TokenId) =>
      skipSpecialTokens &&
      specialTokenIds.has(token) &&
      !shown.includes(encoder.tokenText(token) ?? '');
    return new StreamDecoder({
      stage: createStage(),
      tokenText: (token) => (isPassedOver(token) ? null : encoder.tokenText(token)),
    });
  };

  return {
    vocabSize: file.vocabSize,
    specialTokenIds,
    bosToken: specialToken(config.bosText, encoder),
    eosToken: specialToken(config.eosText, encoder),
    chatTemplates: config.chatTemplates,
    tokenText: (token) => encoder.tokenText(token),
    tokenBytes,
    tokenId: (text) => encoder.tokenId(text),
    createStreamDecoder,
    encode: (text, { addSpecialTokens = true } = {}) => {
      if (text.length > encodeCharactersMax) {
        const message = `a text of ${text.length} characters, at most ${encodeCharactersMax}`;
        throw new SkeinError('limit-exceeded', message);
      }
      return encoder.encode(text, { addSpecialTokens });
    },
    decode: (tokens, decodeOptions) => {
      const decoder = createStreamDecoder(decodeOptions);
      const pieces: string[] = [];
      for (const token of tokens) pieces.push(decoder.push(token));
      pieces.push(decoder.flush());
      return pieces.join('');
    },
  };
}

function specialToken(text: string | null, encoder: TextEncoderOfFile): SpecialToken | null {
  const id = text === null ? null : encoder.tokenId(text);
  return text === null || id === null ? null : { id, text };
}

import { limits, SkeinError, type TokenId } from '@skein/protocol';

/** A token that is looked for in texts before the model sees them. */
export interface AddedTokenFields {
  readonly id: TokenId;
  readonly content: string;
  /** Decoding may pass over it. */
  readonly special: boolean;
  /** It must not touch a word character. */
  readonly singleWord: boolean;
  /** It takes in the white space before it, after it. */
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  /** It is looked for in normalised text. */
  readonly normalized: boolean;
}

/** What Skein itself reads of a tokenizer.json; the rest is the encoder's. */
export interface TokenizerFile {
  /** The parsed file, with null for the parts that older files leave out. */
  readonly json: Readonly<Record<string, unknown>>;
  readonly decoder: unknown;
  readonly addedTokens: readonly AddedTokenFields[];
  readonly vocabSize: number;
}

/** What Skein reads of a tokenizer_config.json. */
export interface TokenizerConfig {
  readonly bosText: string | null;
  readonly eosText: string | null;
  readonly chatTemplates: ReadonlyMap<string, string>;
}

type Fields = Readonly<Record<string, unknown>>;

/** Added tokens; the largest vocabularies reserve a few thousand. */
const addedTokensMax = 65_536;
/** Named chat templates of one model; two or three are usual. */
const chatTemplatesMax = 32;

/** Parses and checks a tokenizer.json. @throws SkeinError `model-corrupt`, `limit-exceeded` */
export function parseTokenizerJson(text: string): TokenizerFile {
  const json = parseObject(text, 'tokenizer.json');
  const model = json.model;
  if (!isFields(model) || !(isFields(model.vocab) || Array.isArray(model.vocab))) {
    throw corrupt('tokenizer.json has no vocabulary');
  }
  const addedTokens = parseAddedTokens(json.added_tokens ?? []);
  let idMax = Array.isArray(model.vocab) ? model.vocab.length - 1 : -1;
  if (isFields(model.vocab)) {
    for (const [token, id] of Object.entries(model.vocab)) {
      idMax = Math.max(idMax, requireTokenId(id, token));
    }
  }
  for (const { id } of addedTokens) idMax = Math.max(idMax, id);
  return {
    json: {
      normalizer: null,
      pre_tokenizer: null,
      post_processor: null,
      decoder: null,
      ...json,
      added_tokens: json.added_tokens ?? [],
    },
    decoder: json.decoder ?? null,
    addedTokens,
    vocabSize: idMax + 1,
  };
}

/** Parses a tokenizer_config.json; undefined stands for none. @throws SkeinError `model-corrupt` */
export function parseTokenizerConfig(text: string | undefined): TokenizerConfig {
  const fields = text === undefined ? {} : parseObject(text, 'tokenizer_config.json');
  return {
    bosText: specialText(fields.bos_token),
    eosText: specialText(fields.eos_token),
    chatTemplates: parseChatTemplates(fields.chat_template),
  };
}

function parseAddedTokens(value: unknown): AddedTokenFields[] {
  if (!Array.isArray(value) || value.length > addedTokensMax) {
    throw corrupt(`added_tokens of tokenizer.json is no list of up to ${addedTokensMax}`);
  }
  return value.map((token: unknown) => {
    const fields = isFields(token) ? token : {};
    if (typeof fields.content !== 'string' || fields.content === '') {
      throw corrupt('an added token of tokenizer.json has no content');
    }
    const special = fields.special === true;
    return {
      id: requireTokenId(fields.id, fields.content),
      content: fields.content,
      special,
      singleWord: fields.single_word === true,
      lstrip: fields.lstrip === true,
      rstrip: fields.rstrip === true,
      normalized: typeof fields.normalized === 'boolean' ? fields.normalized : !special,
    };
  });
}

/** A single template, or the older list of named ones. */
function parseChatTemplates(value: unknown): Map<string, string> {
  const templates = new Map<string, string>();
  if (typeof value === 'string') templates.set('default', value);
  if (!Array.isArray(value)) return templates;
  for (const entry of value.slice(0, chatTemplatesMax) as unknown[]) {
    if (!isFields(entry)) continue;
    const { name, template } = entry;
    if (typeof name === 'string' && typeof template === 'string') templates.set(name, template);
  }
  return templates;
}

/** A token is given as its text, or as an object with `content`. */
function specialText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return isFields(value) && typeof value.content === 'string' ? value.content : null;
}

function parseObject(text: string, name: string): Fields {
  // UTF-8 has at least as many bytes as the string has units.
  if (text.length > limits.tokenizerBytesMax) {
    throw new SkeinError('limit-exceeded', `${name} has ${text.length} characters`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new SkeinError('model-corrupt', `${name} is not JSON`, { cause: error });
  }
  if (!isFields(json)) throw corrupt(`${name} is not an object`);
  return json;
}

function requireTokenId(value: unknown, token: string): TokenId {
  const id = Number(value);
  if (typeof value === 'number' && Number.isInteger(id) && id >= 0 && id < limits.vocabSizeMax) {
    return id as TokenId;
  }
  throw corrupt(`token ${JSON.stringify(token)} of tokenizer.json has the id ${String(value)}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function corrupt(message: string): SkeinError {
  return new SkeinError('model-corrupt', message);
}

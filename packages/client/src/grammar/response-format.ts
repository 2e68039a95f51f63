import { SkeinError } from '@skein/protocol';
import type { LoadedModel } from '../model/model-store.js';
import type { Tokenizer } from '../text/index.js';
import { grammarLimits } from './grammar-limits.js';
import type { GrammarRules } from './grammar-tree.js';
import { anyObjectGrammar, schemaGrammar } from './schema/schema-grammar.js';
import type { JsonSchema } from './schema/schema-types.js';
import { TokenGrammar } from './token-grammar.js';
import { createVocabulary, type Vocabulary } from './vocabulary.js';

/** What an answer has to look like. */
export type ResponseFormat =
  /** Anything. */
  | { readonly type: 'text' }
  /** A JSON object. */
  | { readonly type: 'json-object' }
  /** JSON that is valid under a schema, of draft 2020-12. */
  | { readonly type: 'json-schema'; readonly schema: JsonSchema }
  /** Text of a grammar. */
  | {
      readonly type: 'grammar';
      readonly grammar: GrammarRules;
      /** Special tokens whose names count as text. Default: none is written. */
      readonly markers?: readonly string[];
      /**
       * Free text is part of it: where tokens run out it was cut, though it may end there. Default:
       * an answer that may end where tokens run out is whole.
       */
      readonly isFree?: boolean;
    };

/** What is kept for a model. */
interface KnownGrammars {
  /** By the markers that count as text: one set of them for each syntax of tool calls. */
  readonly vocabularies: Map<string, Vocabulary>;
  /** The least recently used first. */
  readonly byFormat: Map<string, TokenGrammar>;
  readonly byGrammar: WeakMap<GrammarRules, TokenGrammar>;
}

/** Sets of markers that are kept for a model. */
const vocabulariesMax = 4;

const known = new WeakMap<Tokenizer, KnownGrammars>();

/**
 * The grammar of a format for a model's tokens; null for a format that is anything.
 * @throws SkeinError `bad-argument` for a schema that cannot be enforced, `model-unsupported` for a
 *   model without a tokenizer
 */
export function compileFormat(
  { tokenizer, manifest }: LoadedModel,
  format: ResponseFormat,
): TokenGrammar | null {
  if (format.type === 'text') return null;
  if (tokenizer === null) {
    const text = `${manifest.name} has no tokenizer: its answers cannot be given a format`;
    throw new SkeinError('model-unsupported', text);
  }
  const grammars: KnownGrammars = known.get(tokenizer) ?? {
    vocabularies: new Map(),
    byFormat: new Map(),
    byGrammar: new WeakMap(),
  };
  known.set(tokenizer, grammars);
  const compile = (rules: GrammarRules, markers: readonly string[] = []) => {
    const vocabulary = vocabularyWith(markers, { tokenizer, manifest, grammars });
    const compiled = new TokenGrammar(rules, vocabulary);
    if (Number.isFinite(compiled.start.cost)) return compiled;
    const text = `the vocabulary of ${manifest.name} lacks characters that the format asks for`;
    throw new SkeinError('model-unsupported', text);
  };
  if (format.type === 'grammar') {
    const { grammar, markers } = format;
    const compiled = grammars.byGrammar.get(grammar) ?? compile(grammar, markers);
    grammars.byGrammar.set(grammar, compiled);
    return compiled;
  }
  const { byFormat } = grammars;
  const key = JSON.stringify(format);
  const compiled = byFormat.get(key) ?? compile(rulesOfFormat(format) as GrammarRules);
  byFormat.delete(key);
  byFormat.set(key, compiled);
  for (const oldest of byFormat.keys()) {
    if (byFormat.size > grammarLimits.grammarsMax) byFormat.delete(oldest);
  }
  return compiled;
}

function vocabularyWith(
  markers: readonly string[],
  model: Pick<LoadedModel, 'manifest'> & { tokenizer: Tokenizer; grammars: KnownGrammars },
): Vocabulary {
  const { vocabularies } = model.grammars;
  const key = JSON.stringify(markers);
  const { vocabSize } = model.manifest.config;
  const vocabulary = vocabularies.get(key) ?? createVocabulary(model.tokenizer, vocabSize, markers);
  vocabularies.set(key, vocabulary);
  for (const oldest of vocabularies.keys()) {
    if (vocabularies.size > vocabulariesMax) vocabularies.delete(oldest);
  }
  return vocabulary;
}

/** The grammar of a format; null for a format that is anything. */
export function rulesOfFormat(format: ResponseFormat): GrammarRules | null {
  switch (format.type) {
    case 'text':
      return null;
    case 'json-object':
      return anyObjectGrammar();
    case 'json-schema':
      return schemaGrammar(format.schema);
    case 'grammar':
      return format.grammar;
  }
}

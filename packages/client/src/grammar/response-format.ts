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
  | { readonly type: 'grammar'; readonly grammar: GrammarRules };

/** What is kept for a model. */
interface KnownGrammars {
  readonly vocabulary: Vocabulary;
  /** The least recently used first. */
  readonly byFormat: Map<string, TokenGrammar>;
}

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
  const grammars = known.get(tokenizer) ?? {
    vocabulary: createVocabulary(tokenizer, manifest.config.vocabSize),
    byFormat: new Map(),
  };
  known.set(tokenizer, grammars);
  const { vocabulary, byFormat } = grammars;
  const compile = (rules: GrammarRules) => {
    const compiled = new TokenGrammar(rules, vocabulary);
    if (Number.isFinite(compiled.start.cost)) return compiled;
    const text = `the vocabulary of ${manifest.name} lacks characters that the format asks for`;
    throw new SkeinError('model-unsupported', text);
  };
  if (format.type === 'grammar') return compile(format.grammar);
  const key = JSON.stringify(format);
  const compiled = byFormat.get(key) ?? compile(rulesOf(format));
  byFormat.delete(key);
  byFormat.set(key, compiled);
  for (const oldest of byFormat.keys()) {
    if (byFormat.size > grammarLimits.grammarsMax) byFormat.delete(oldest);
  }
  return compiled;
}

function rulesOf(
  format: Extract<ResponseFormat, { type: 'json-object' | 'json-schema' }>,
): GrammarRules {
  return format.type === 'json-object' ? anyObjectGrammar() : schemaGrammar(format.schema);
}

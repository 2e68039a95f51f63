/**
 * Answers of a given form: JSON, JSON under a schema, or any grammar. `client.generate` takes the
 * form as `responseFormat`; here is what it is made of.
 *
 * ```ts
 * const grammar = compileFormat(model, { type: 'json-schema', schema });
 * const mask = grammar?.mask(grammar.start, null);
 * ```
 */
export { grammarLimits } from './grammar-limits.js';
export {
  choice,
  type Grammar,
  type GrammarRules,
  optional,
  repeat,
  rule,
  sequence,
  text,
} from './grammar-tree.js';
export { compileFormat, type ResponseFormat, rulesOfFormat } from './response-format.js';
export { anyCharacters, anythingBut } from './schema/character-ranges.js';
export { schemaGrammar } from './schema/schema-grammar.js';
export type { JsonSchema } from './schema/schema-types.js';
export { createConstraint, type TokenConstraint } from './token-constraint.js';

/** Every maximum of constrained decoding, with its reason. */
export const grammarLimits = {
  /** A schema as JSON, in UTF-16 units; those of large APIs have some 10,000. */
  schemaCharactersMax: 64 * 1024,
  /** Schemas within schemas. */
  schemaDepthMax: 64,
  /** Schemas that are looked at; references can multiply a few of them without end. */
  schemasMax: 16_384,
  /** Properties of all objects of a schema together. */
  propertiesMax: 1024,
  /** Values of all enumerations of a schema together. */
  enumValuesMax: 4096,
  /** `maxLength`, `minItems` and the like, and repetitions of a pattern. */
  repetitionsMax: 4096,
  /** A regular expression, in UTF-16 units. */
  patternCharactersMax: 1024,
  /** Digits of integers: all of them are exact in every JSON parser. */
  integerDigitsMax: 15,
  /** Digits after the point of a number between bounds. */
  boundedFractionDigitsMax: 6,

  /** States of a grammar's automaton: some 100 bytes each. */
  statesMax: 200_000,
  /** Ways in which one text can be read at once: an enumeration has one for each value. */
  readingsMax: 8192,
  /** Readings that are looked at to find one mask; about half a second. */
  maskWorkMax: 4_000_000,
  /** Calls within calls: objects in lists in objects, and so on. */
  nestingMax: 256,
  /** Sets of readings that are remembered, of one grammar; then they are found anew. */
  rememberedSetsMax: 4096,
  /** Masks that are remembered, of one grammar, in bytes; a bit for each token of the vocabulary. */
  rememberedMaskBytesMax: 4 * 1024 * 1024,
  /** Grammars that are kept for each model; the least recently used goes first. */
  grammarsMax: 64,
} as const;

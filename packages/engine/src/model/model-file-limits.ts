/**
 * Every maximum of the model file readers, with its reason. Files come from strangers: a length
 * that a file declares is believed only when it is under its limit here *and* the file really has
 * that many bytes left, so memory is bounded by the bytes on disk and never by a number in them.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

export const modelFileLimits = {
  /** config.json and generation_config.json: published ones are under 8 KiB. */
  configBytesMax: 1 * MiB,
  /** tokenizer_config.json spells out every added token: the largest have about 1.2 MB. */
  tokenizerConfigBytesMax: 8 * MiB,
  /** Values in one JSON file: a safetensors header has 8 for each tensor. */
  jsonValuesMax: 524_288,
  /** Nesting of JSON: our files need 5. */
  jsonDepthMax: 32,

  /** About 130 bytes a tensor, so this is room for {@link tensorCountMax} of them. */
  safetensorsHeaderBytesMax: 8 * MiB,
  /** About 90 bytes a tensor. */
  safetensorsIndexBytesMax: 8 * MiB,
  /** Shards of a folder: the largest public models have under 200. */
  shardCountMax: 1024,

  /** Folders store each expert's matrices apart: 94 blocks with 128 experts are 36,000 tensors. */
  tensorCountMax: 65_536,
  /** Canonical names have under 40 bytes, ggml allows 64; safetensors names are longer. */
  tensorNameBytesMax: 256,
  /** Dimensions of a tensor in any file; ours have up to 3. */
  tensorRankMax: 4,

  /** Header with tokenizer: 6 to 10 MiB for 150,000 tokens, in proportion to the vocabulary. */
  ggufHeaderBytesMax: 96 * MiB,
  /** Metadata entries: published files have about 40. */
  ggufEntryCountMax: 4096,
  /** Keys: published ones have under 64 bytes. */
  ggufKeyBytesMax: 1024,
  /** One string; only an embedded tokenizer.json comes near. */
  ggufStringBytesMax: 64 * MiB,
  /** Elements of one array: tokens or merges, of which vocabularies have up to 500,000. */
  ggufArrayLengthMax: 4 * 1024 * 1024,
  /** Arrays in arrays, which no key of ours uses. */
  ggufArrayDepthMax: 4,
  /** `general.alignment` is 32 in practice. */
  ggufAlignmentMax: 64 * KiB,
  /** Tokens are words; the longest published ones are runs of 128 spaces. */
  tokenCharactersMax: 4096,

  /** Query heads: the widest public models have 128. */
  headCountMax: 1024,
  /** Elements of a head: 64 to 256 in practice. */
  headDimMax: 1024,
  /** Width of a feed-forward layer: under 60,000 in practice. */
  feedForwardSizeMax: 524_288,

  /** A read is split into pieces of this size, so that an abort is noticed between two. */
  readPieceBytes: 8 * MiB,
  /** The window through which headers are parsed. */
  headerWindowBytes: 1 * MiB,
} as const;

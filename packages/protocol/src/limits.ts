/**
 * Every maximum of the protocol, with its reason. A value over a limit is refused with
 * `limit-exceeded` (or `bad-frame` for frames) before memory is spent on it.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

export const limits = {
  /**
   * The largest header: `records`, with some hundred records of about 600 bytes. Everything else
   * stays under 16 KiB.
   */
  headerBytesMax: 1 * MiB,
  /** The largest body: 512 rows of a 16,384-wide model in f32 are 32 MiB. */
  bodyBytesMax: 64 * MiB,
  /** msgpack maps and arrays may nest this deep; our messages need 4. */
  headerDepthMax: 8,
  /** Entries of one msgpack map: a peer record, our largest, has 24. */
  headerMapEntriesMax: 64,
  /** Entries of one msgpack array: a digest, our largest, has one for each record. */
  headerArrayEntriesMax: 4096,
  /** Tensors that one frame may carry. */
  tensorsPerFrameMax: 8,
  /** Dimensions of a tensor. */
  tensorRankMax: 4,

  /** Blocks of a model: the deepest public models have under 200. */
  blockCountMax: 1024,
  /** Hidden size of a model. */
  hiddenSizeMax: 65_536,
  /** Vocabulary: the largest public ones have about 262,000 tokens. */
  vocabSizeMax: 1_048_576,
  /** Tokens of a context. */
  contextLengthMax: 1_048_576,
  /** Rows (tokens) in one step. Longer prompts are sent as several steps. */
  stepRowsMax: 512,
  /** Steps of one row that are repeated together: the weights are read once for all of them. */
  rowsJoinedMax: 32,
  /** Steps of one session that a hop holds before it stops reading from the stream. */
  stepsQueuedPerSessionMax: 16,
  /** Candidates that a result may carry per row when it is not the full logits. */
  topKMax: 4096,
  /** A sampling temperature: above this every token of any real model is about equally likely. */
  temperatureMax: 100,
  /** Standbys that one hop feeds beside its successor: one in step, and its own replacement. */
  standbysPerHopMax: 2,
  /** Hops of a route. */
  hopsMax: 128,

  /** Sessions that one peer holds at once. */
  sessionsPerPeerMax: 1024,
  /** Sessions that one remote may hold on one peer. */
  sessionsPerRemoteMax: 256,
  /** Multiaddrs in a record or a successor. */
  multiaddrsMax: 16,
  multiaddrCharactersMax: 512,
  /** Names that people choose. */
  nameCharactersMax: 96,
  /** Text of an error on the wire. */
  errorCharactersMax: 1024,

  /** A signed record; typical ones are about 400 bytes. */
  recordBytesMax: 4 * KiB,
  /** Records that a directory holds and that one exchange may carry. */
  directoryRecordsMax: 4096,
  recordsPerExchangeMax: 1024,
  /** Bytes of records in one exchange: leaves room for `wanted` in the header. */
  recordsPerExchangeBytesMax: 768 * KiB,
  /** Life of a record; a newer one is issued well before. */
  recordLifetimeMsMax: 90_000,
  /** A record from the future is refused beyond this clock difference. */
  clockSkewMsMax: 60_000,

  /** Sessions that a peer names in its status: the newest, about 150 bytes each. */
  statusSessionsMax: 128,
  /** Neighbours and events in a status: what a page shows of one peer. */
  statusNeighboursMax: 32,
  statusEventsMax: 32,
  /** A sentence for people in a status. */
  statusTextCharactersMax: 256,

  /** A signed status: 128 sessions, 32 neighbours and 32 events take about 50 KiB. */
  signedStatusBytesMax: 64 * KiB,
  /** A signed status is of no use after this time, beside the difference of two clocks. */
  signedStatusAgeMsMax: 15_000,
  /** Peers that one question to a reporter names. */
  reportPeersMax: 64,
  /** Bytes of signed statuses in one part of an answer: with one more it still fits a header. */
  reportBytesMax: 256 * KiB,

  /** A manifest: about 160 bytes a tensor. */
  manifestBytesMax: 8 * MiB,
  /** 1024 blocks of at most 20 tensors, and room to spare. */
  manifestTensorsMax: 32_768,
  manifestTensorNameCharactersMax: 256,
  /** Query heads of a block, and elements of one head. */
  headCountMax: 1024,
  headDimMax: 1024,
  feedForwardSizeMax: 524_288,
  /** Experts of a block: the largest public models have 512, of which a token takes up to 10. */
  expertCountMax: 1024,
  expertsUsedMax: 64,
  /** Tokens of which each ends a generation. */
  eosTokensMax: 256,
  /** tokenizer.json of the largest vocabularies is about 35 MB. */
  tokenizerBytesMax: 64 * MiB,
  chatTemplateBytesMax: 256 * KiB,

  /** Outputs that a hop keeps per session for replay, and over all sessions. */
  historyBytesPerSessionMax: 64 * MiB,
  historyBytesMax: 512 * MiB,
} as const;

/** Named maxima of a hop's sessions beyond those of the protocol. Times are milliseconds. */
export const sessionLimits = {
  /** No more sessions while the rows that wait take so long, by what rows took before. */
  queueMsMax: { interactive: 15_000, background: 5_000 },
  /** Tokens that there must be room for now: the first chunk of a prompt. */
  firstTokens: 64,
  /** An `attach` may overtake the `open` that it belongs to: they come over different paths. */
  attachWaitMs: 5_000,
  /** The successor's answer to `attach`, its wait for `open` included. */
  attachAnswerMs: 10_000,
  /** Push streams into one session: the predecessor's, and old ones that are not closed yet. */
  pushStreamsPerSessionMax: 4,
  /** Push streams that wait for an `open`. */
  attachesWaitingMax: 256,
  /** Outputs that wait for a push stream to be opened: as many as there can be in the queue. */
  outputsWaitingMax: 64,
  /** Steps of one row that are repeated as they were: of more, time counts for more. */
  replaySinglesMax: 4096,
  /** Steps to a standby in one go: while they are encoded, nobody else is served. */
  standbyBurstSteps: 16,
  /** Between two such bursts. */
  standbyPauseMs: 1,
  /** Rows of the chunks that more of them are joined to: large enough to be fast. */
  replayRowsMax: 128,
  /** Bytes of a piece of exported KV cache. */
  kvPieceBytesMax: 4 * 1024 * 1024,
  /** Results that a client left unread: a reader this slow is gone. */
  unreadBytesMax: 64 * 1024 * 1024,
  /** Sessions may stay so long when a peer leaves: time for a long prompt's steps to end. */
  drainMsDefault: 30_000,
  /** A day: who wants a peer to stay longer had better not stop it. */
  drainMsMax: 86_400_000,
  /** Steps that run when a drain's time is over: their results are worth waiting for. */
  lastStepsMs: 1_000,
  /** The operator of a peer that leaves is told how far it is at least this often. */
  drainReportMs: 5_000,
  /** Time for clients to take note that their session has ended. */
  goodbyeMs: 1_000,
} as const;

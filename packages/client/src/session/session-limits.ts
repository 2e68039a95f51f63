/** The numbers of sessions. Times are milliseconds. */
export const sessionLimits = {
  /** Rows of a prefill chunk: large enough for matrix products, small enough to pipeline. */
  chunkRows: 128,
  /** Chunks in flight: one computing at each hop and one on the way, within a hop's queue. */
  stepsInFlightMax: 16,
  /** Dial, stream and `opened`; a peer that takes longer is no good hop. */
  openMs: 5000,
  /** Answers to `truncate`, `link` and `replay`: they may wait for one batch of the engine. */
  controlMs: 3000,
  /** Answer to `probe`, which passes every queue: a round trip and an event loop's pause. */
  probeMs: 1000,
  /** No step is late before this, however fast the steps before it were. */
  stepLateMsMin: 2000,
  /** A step is late when it takes so many times what steps took lately. */
  stepLateFactor: 5,
  /** First step on a fresh route, where only an estimate exists. */
  firstStepLateMs: 10_000,
  /** Late steps forgiven in a row while the hop that has it is busy with others' rows. */
  busyExtensionsMax: 10,
  /** Steps that a replay of tokens repeats one by one; of more it makes chunks, which is quicker. */
  stepsRepeatedMax: 1024,
  /** Results after which a route's hops are forgiven what they did before. */
  provenResults: 16,
  /** Orderly end of a session on all hops; streams are reset after it. */
  closeMs: 900,
  /** Attempts to make a route whole, before it is given up: each excludes another peer. */
  recoveryAttemptsMax: 24,
  /** Recoveries in a row after which not one more token was computed: something is wrong with us. */
  fruitlessRecoveriesMax: 16,
  /** Moving the caches of hops that leave; beyond it tokens are replayed, which always works. */
  handOverMsMax: 15_000,
  /** Replacements of a hop that leaves, one after the other, before it is kept for now. */
  handOverAttemptsMax: 3,
  /** A hop that leaves and that nobody can replace is looked at again after so long. */
  leavingRetryMs: 1000,
  /** A peer that refused (no room, busy) is not asked again by this session for so long. */
  refusedMs: 5000,
  /** Wait for peers to come back when a running session has no route. */
  returnWaitMs: 30_000,
  /** The directory is asked again at this pace while waiting, doubled each time up to the most. */
  returnPollMs: 500,
  returnPollMsMax: 4000,
  /** Tokens that a session is expected to generate at most, when a route is chosen for it. */
  expectedTokensMax: 512,
  /** Pace at which a running session looks for a better route. */
  improveEveryMs: 10_000,
  /** Moves of one session: more would mean that its estimates are wrong. */
  movesMax: 8,
  /** New hops must be faster by this share: measurements are not better than that. */
  moveMarginRatio: 0.2,
  /** What a move saves must be worth so many times its rebuild: both are estimates. */
  moveRebuildFactor: 2,
  /** Dialling, opening and linking of new hops: some ten round trips of a peer at 50 ms. */
  moveFixedMs: 500,
  /** How far a measured speed must be trusted for a move, 0 to 1. */
  moveConfidenceMin: 0.5,
  /** One look for members before a route is given up. */
  refreshMs: 5000,
} as const;

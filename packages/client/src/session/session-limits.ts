/** The numbers of sessions. Times are milliseconds. */
export const sessionLimits = {
  /** Rows of a prefill chunk: 5 % slower to compute than twice as many, yet two hops share them better. */
  chunkRows: 64,
  /** Chunks in flight: one computing at each hop and one on the way, within a hop's queue. */
  stepsInFlightMax: 16,
  /**
   * Steps that hops may go on for by themselves: at 30 steps a second they do not have to wait for a
   * client that is half a second away, and little is in vain when the client stops them.
   */
  aheadSteps: 32,
  /** Tokens that a last hop drew otherwise than the client does, before it is not let go any more. */
  aheadDisagreementsMax: 4,
  /** Dial and stream; a peer that takes longer is no good hop. */
  openMs: 5000,
  /** The same where the connection stands, and `opened` after it: two round trips, no dial. */
  openConnectedMs: 2000,
  /** Answers to `truncate`, `link` and `replay`: they may wait for one batch of the engine. */
  controlMs: 3000,
  /** Answer to `probe`, which passes every queue: a round trip and an event loop's pause. */
  probeMs: 1000,
  /** No step is late before this, however fast the steps before it were. */
  stepLateMsMin: 2000,
  /** A step is late when it takes so many times what steps take usually. */
  stepLateFactor: 5,
  /** First step on a route of peers that neither announce a speed nor were measured. */
  firstStepLateMs: 10_000,
  /** Bytes a millisecond that an estimate takes a link to carry: 10 Mbit/s, a slow uplink. */
  linkBytesPerMs: 1250,
  /** A hop is slow when its own share of a step takes so many times what it took usually… */
  slowStepFactor: 10,
  /** …and this long at least: of less nobody takes notice… */
  slowStepMsMin: 100,
  /** …in so many steps in a row: a chunk of somebody else's prompt slows only a few. */
  slowStepsMax: 6,
  /** Steps of which the usual time of a hop is an average before a step can be slow. */
  slowStepsKnown: 4,
  /** A timer this much too late tells that this program was paused: it then waits anew… */
  ownPauseMs: 500,
  /** …but no more often than this, or a machine that is always late would never judge. */
  ownPausesMax: 3,
  /** Late steps forgiven in a row while the hop that has it is busy with others' rows. */
  busyExtensionsMax: 10,
  /** Steps that a replay of tokens repeats as they were; of more it makes chunks, which is quicker. */
  stepsRepeatedMax: 4096,
  /** A standby is given up that fell behind by so many tokens since it was closest. */
  standbyLagRowsMax: 512,
  /** A standby is in step when it lacks no more than the last few tokens, on their way to it. */
  standbyReadyRows: 4,
  /** Rows and number of the steps that the client sends ahead to the first hop's standby. */
  standbyRowsMax: 512,
  standbyStepsInFlightMax: 8,
  /** A standby that is behind is asked whether it is alive after so long a silence. */
  standbySilentMs: 2000,
  /** A peer that did not do as a standby is not asked again by this session for so long. */
  standbyRefusedMs: 30_000,
  /** Pause between two looks for peers that could stand by. */
  standbySeekMs: 5000,
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

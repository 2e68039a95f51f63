/** The numbers of routing: costs are milliseconds of a single-token step. */
export const routingLimits = {
  /** One-way latency of a peer that was never measured: half of a typical round trip at home. */
  latencyMsDefault: 40,
  /** Beyond this a latency is a measuring error or a peer that no route wants anyway. */
  latencyMsMax: 5000,
  /** Framing, crypto and wake-ups of a hop: the design's bound is 2 ms, measured 0.3 to 1. */
  hopOverheadMs: 1,
  /** Compute of a block for a peer that announces no speed. */
  blockMsDefault: 5,
  /** Share of a block's single-token time that a queued row costs: rows are batched. */
  queuedRowShare: 0.1,
  /** A peer without room for the whole context is a last resort, yet better than none. */
  kvShortPenaltyMs: 1000,
  /** Peers whose costs differ by less are taken at random, so that clients do not stampede. */
  nearEqualRatio: 0.05,
  /** Peers that may be compared at one block boundary: the work is quadratic in it. */
  peersPerBlockMax: 64,
  /** Shortest ways that are looked at when they come back to a peer: nearly always the first. */
  returnTriesMax: 24,
  /** First ban of a blamed peer, and the longest one: doubled at each failure in between. */
  banMsFirst: 5000,
  /** The first one of a peer whose connection ended: three hosts of a block are soon used up. */
  banMsFirstClosed: 500,
  banMsMax: 300_000,
  /** Banned or measured peers remembered; the stalest are forgotten first. */
  peersRememberedMax: 4096,
  /** Weight of a new sample in a moving average: the last ten or so samples count. */
  sampleWeight: 0.2,
  /** Measured queue waits age: after this time the record's own figure counts again. */
  queueSampleMsMax: 30_000,
} as const;

/** The numbers of routing: costs are milliseconds of a single-token step. See docs/routing.md. */
export const routingLimits = {
  /** One-way latency of a peer that was never measured: half of a typical round trip at home. */
  latencyMsDefault: 40,
  /** Beyond this a latency is a measuring error or a peer that no route wants anyway. */
  latencyMsMax: 5000,
  /** Time for a byte between peers that nobody measured: a home uplink of 20 Mbit/s. */
  byteMsDefault: 1 / 2500,
  /** Beyond this (10 kB/s) a transfer is a measuring error or a link that no route wants anyway. */
  byteMsMax: 0.1,
  /** Bytes of a value on the wire, where the request does not say: f16. */
  valueBytesDefault: 2,
  /** Framing, crypto and wake-ups of a hop: the design's bound is 2 ms, measured 0.3 to 1. */
  hopOverheadMs: 1,
  /** Compute of a block for a peer that announces no speed. */
  blockMsDefault: 5,
  /** A peer without room for the whole context is a last resort, yet better than none. */
  kvShortPenaltyMs: 1000,
  /** A claimed speed counts as so many times the median at most, until it was measured. */
  claimedSpeedupMax: 2,
  /** Measured peers whose median is worth more than that of all claims. */
  referencePeersMin: 3,
  /** Steps after which a measured speed replaces the claim altogether. */
  stepsTrusted: 8,
  /** A route is drawn among those that cost at most so much more than the best, as a share of it. */
  spreadRatio: 0.5,
  /** Draws of a route before the best is taken; each one that is too slow halves the spread. */
  drawsMax: 6,
  /** Peers that may be entered at one block boundary: the work is quadratic in it. */
  peersPerBlockMax: 64,
  /** Partial routes looked at in one search: it bounds the time where peers come back often. */
  partialRoutesMax: 20_000,
  /** Routes that one plan may ask for. */
  routesMax: 64,
  /** First ban of a blamed peer, and the longest one: doubled at each failure in between. */
  banMsFirst: 5000,
  /** The first one of a peer whose connection ended: three hosts of a block are soon used up. */
  banMsFirstClosed: 500,
  banMsMax: 300_000,
  /** Banned or measured peers remembered; the stalest are forgotten first. */
  peersRememberedMax: 4096,
  /** Weight of a new sample in a moving average: the last ten or so samples count. */
  sampleWeight: 0.2,
  /** Rows from which a chunk tells of the cost of a row and of bandwidth: fewer are too noisy. */
  chunkRowsMeasuredMin: 16,
  /** Distances hardly change: a measurement counts half after so long. */
  latencyHalfLifeMs: 600_000,
  /** Speeds change when others use a peer, or its owner does. */
  speedHalfLifeMs: 300_000,
  /** Queues come and go. */
  queueHalfLifeMs: 10_000,
  /** What a peer said of its load is dropped after so long: its record is newer by then. */
  loadMsMax: 30_000,
} as const;

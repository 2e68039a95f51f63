/** The numbers of rebalancing. Times are milliseconds. */
export const rebalanceLimits = {
  /** Mean time between two looks for a better span. */
  intervalMs: 120_000,
  /** A look comes after half to one and a half of the interval, so that no two peers keep step. */
  intervalSpread: 0.5,
  /**
   * A planned move is announced for this share of the interval before anything is done: longer than
   * the oldest view is old (60 s), so that peers which set out at once see each other.
   */
  announceShare: 0.75,
  /**
   * However short the interval is. Above {@link answersMsMax}: who relied on this peer's answer
   * from before its announcement has left its blocks, or not, when this peer asks.
   */
  announceMsMin: 4_000,
  /** A peer that has moved looks again after so many intervals: what it sees must settle first. */
  intervalsAfterMove: 4,
  /** After a move that failed on this machine the pause doubles, at most so many times. */
  pauseDoublingsMax: 6,
  /** Queues are looked at this often. */
  demandSampleMs: 5_000,
  /** Share of a new sample in a queue's average: it follows within a minute. */
  demandSampleShare: 0.1,
  /** Rows that every block counts as waiting: queues far below this are noise, not demand. */
  quietRows: 16,
  /** Peers that are asked whether they will stay, and the time that they have to answer. */
  askedPeersMax: 32,
  answerMs: 3_000,
  /** Answers are relied on for so long, the time that they took included. */
  answersMsMax: 3_500,
} as const;

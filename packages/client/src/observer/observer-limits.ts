/** What bounds an observer, each with its reason. */
export const observerLimits = {
  /**
   * Peers that stay connected and are asked in every round. A connection takes some 80 KiB with Noise
   * and 200 KiB with TLS. In a swarm of more, some tell of the others.
   */
  linesMax: 256,
  /** The same for a peer or a gateway, whose connections serve other work. */
  linesMaxBeside: 128,
  /** A swarm that has shrunk below this part of the lines gets a line to every peer again. */
  smallFraction: 0.75,
  /** Peers of a large swarm that stay connected: of a thousand, each tells of some fifteen. */
  reportersMax: 64,
  /** Connections of a large swarm's observer to others than those that it keeps. */
  strangersMax: 32,
  /** Reporters that are asked at once: their answers come in bursts, which take computing. */
  reportsParallelMax: 16,
  /** Names in one question to a reporter: half of what it keeps lines for. */
  reportNamesMax: 32,
  /** A reporter answers within 2.5 s, or not at all. */
  reportMs: 4_000,
  /** A reporter may tell the same again so soon; later it should have asked. */
  sameReportMs: 6_000,
  /** A peer that a reporter does not tell of is not asked for there for so long. */
  avoidMs: 30_000,
  avoidsMax: 8,
  /**
   * An answer may be put off so often: reporters dial slowly, and another one would have to dial as well.
   * Meanwhile the peer is dialled from here now and then.
   */
  delaysMax: 12,
  /** Who was not heard for so long, by any way, is dialled. */
  untoldMs: 30_000,
  /** Questions on their way at once. */
  questionsMax: 32,
  /** Peers that are dialled at once, and in a second in the long run: handshakes cost computing. */
  dialsAtOnceMax: 64,
  dialsPerSecond: 1,
  dialsParallelMax: 4,
  /** An answer that takes longer is given up. */
  answerMs: 3_000,
  /** A dial that takes longer. */
  dialMs: 8_000,
  /** Time from one round of questions to the next: at least, and for each peer. */
  refreshMsMin: 2_000,
  refreshMsPerPeer: 8,
  /** A round begins at the latest so long after the one before. */
  refreshMsMax: 10_000,
  /** Who cannot be reached is asked again after so long, doubled with each failure. */
  retryMsFirst: 5_000,
  retryMsMax: 120_000,
  /** A peer that answered before, and keeps silent so often in a row, is lost. */
  silencesMax: 2,
  /** Of so many silent peers in a round, if they are most, none is held to be lost. */
  massSilenceMin: 8,
  /** A record that comes so long after a peer was lost is a sign of life; earlier ones may be late. */
  signOfLifeMs: 15_000,
  /** Without anybody looking, a node that does other work asks this rarely. */
  idleRefreshMs: 30_000,
  /** Somebody looked so recently. */
  attentionMs: 60_000,
  /** The distributions of a peer's steps reach back so far, at least half of it. */
  stepWindowMs: 3_600_000,
  /** A session without a step for so long is idle. */
  idleSessionMs: 10_000,
  /** Sessions whose reroutes are remembered; the hops tell of 128 each. */
  sessionsRememberedMax: 8_192,
  /** Changes go out to readers of the live stream this often at most. */
  liveMs: 1_000,
  /** Readers of the live stream. */
  liveReadersMax: 64,
  /** Bytes that may wait for a reader before it is cut off: two whole swarms of a thousand peers. */
  liveBufferedBytesMax: 4 * 1024 * 1024,
  heartbeatMs: 15_000,
  /** Peers that are dialled at once because somebody asked whether they are reachable. */
  reachableAtOnceMax: 4,
  /** Models whose history is kept: the least recently seen go first. */
  historyModelsMax: 32,
} as const;

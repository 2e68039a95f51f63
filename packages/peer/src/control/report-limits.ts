/** What bounds a peer that tells observers of others, each with its reason. */
export const reportLimits = {
  /** Peers that it keeps a line to. In a swarm of a thousand, an observer asks it for some fifteen. */
  linesMax: 64,
  /** A line that nobody asked about for so long ends: observers that nobody looks at ask every 30 s. */
  lineIdleMs: 90_000,
  /** A status serves all who ask within this time. */
  reuseMs: 2_000,
  /** Peers that it dials at once, and in a second in the long run: a handshake costs some 20 ms. */
  dialsAtOnceMax: 8,
  dialsPerSecond: 1,
  dialMs: 5_000,
  /** A status that takes longer is given up. */
  answerMs: 2_000,
  /** An observer is not kept waiting longer than this for the slowest of those that it named. */
  reportMs: 2_500,
  /** What is known goes out together after this time. */
  partMs: 50,
  /** Who kept silent is not asked again before this. */
  silentMs: 4_000,
  /** Nor is who does not know the question; it may be restarted with a newer version. */
  unsupportedMs: 300_000,
  /** Names that one asker may ask for at once, and in a second in the long run. */
  namesAtOnceMax: 128,
  namesPerSecond: 32,
  /** Askers whose names are counted; the one that was quiet longest is forgotten first. */
  askersMax: 256,
  /** Streams of one asker. */
  streamsPerAskerMax: 2,
  /** A signature serves all who ask within this time. */
  signatureMs: 500,
} as const;

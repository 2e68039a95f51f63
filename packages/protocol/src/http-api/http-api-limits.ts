/** The most that one answer of the HTTP API holds, so that readers can plan for it. */
export const httpApiLimits = {
  /** Peers of a swarm in one answer: as many as a directory holds records. */
  peersMax: 4096,
  /** Models that are listed; a swarm has a handful. */
  modelsMax: 64,
  /** Sessions in one answer: the newest; the count of all stands beside them. */
  sessionsMax: 512,
  /** Edges between peers in one answer: those with the most sessions first. */
  edgesMax: 2048,
  /** Events that are kept, and sent to a reader who has just come. */
  eventsMax: 256,
  /** Events of one peer in its own answer. */
  peerEventsMax: 32,
  /** Neighbours whose distance a peer tells. */
  neighboursMax: 32,
  /** Points of one history series: a week in quarters of an hour is 672, a day in 2 minutes 720. */
  historyPointsMax: 1024,
  /** Characters of a sentence for people. */
  textCharactersMax: 512,
} as const;

/** The numbers of a chaos run. Times are milliseconds. */
export const chaosLimits = {
  /** Each peer is two processes of 100 MB together, each client one. */
  peersMax: 32,
  clientsMax: 16,
  /** A run must end by itself: an hour of trouble shows what a day would. */
  secondsMax: 3600,
  /** More events a minute than this would only wait for peers to be up again. */
  ratePerMinuteMax: 600,
  /** The longest prompt takes some 450 of the 1024 tokens that the demo model holds. */
  tokensMax: 500,
  /** A client waits this long for a first route; it never fails for want of one that comes. */
  openWaitMs: 60_000,
  /** The same for a route that was lost. */
  returnWaitMs: 60_000,
  /** From the start of a process to `ready`, on a machine with more processes than cores. */
  peerReadyMs: 120_000,
  /** A killed peer comes back after a time between these; so does a stopped or cut one. */
  downMsMin: 2_000,
  downMsMax: 6_000,
  /** A graceful leave takes less, its sessions' end included; a peer that takes longer is killed. */
  leaveMs: 60_000,
  /** Healthy hosts that every block and end keeps: without one there would be no route to find. */
  healthyHostsMin: 1,
  /** A recovery is put down to what was done to its peer not longer ago than this. */
  attributionMs: 30_000,
  /** Peers that every block keeps after a move, up or not. */
  hostsAfterMoveMin: 2,
  /** Ports of peers: below those that Linux, macOS and Windows lend to outgoing connections. */
  portMin: 20_000,
  portMax: 32_000,
  portTriesMax: 100,
  /** A client process that does not end by itself is killed. */
  clientStopMs: 3_000,
} as const;

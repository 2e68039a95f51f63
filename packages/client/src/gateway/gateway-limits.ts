/** Every maximum of the gateway, with its reason. Times are milliseconds. */

const KiB = 1024;
const MiB = 1024 * KiB;

export const gatewayLimits = {
  /** A request's body: a context of a million tokens is about 4 MiB of text. */
  bodyBytesMax: 8 * MiB,
  /** Headers of a request; Node refuses more. */
  headerBytesMax: 16 * KiB,
  /** A request has arrived whole by then. */
  requestMs: 60_000,
  /** Open connections; an idle one costs a few KiB. */
  connectionsMax: 2048,
  /** Request ids that callers choose. */
  requestIdCharactersMax: 128,
  /** Names of users, cache keys and the like. */
  userCharactersMax: 512,
  /** Messages or input items of one request; the chat template has a limit of its own. */
  messagesMax: 4096,
  /** Parts of one message. */
  contentPartsMax: 1024,
  /** Calls of tools in one message of the input. */
  toolCallsMax: 128,
  /** Prompts of one completion request. */
  promptsMax: 32,
  /** Answers to one prompt, as in OpenAI's API; each is a session of its own. */
  choicesPerPromptMax: 128,
  /** Answers of one request in all: they share one response. */
  choicesMax: 128,
  /** Alternatives to each token, as in OpenAI's API. */
  topLogProbabilitiesMax: 20,
  /** Metadata entries, as in OpenAI's API. */
  metadataEntriesMax: 16,

  /**
   * Generations at once. A peer takes 256 sessions of one remote, and kept sessions count among
   * them.
   */
  concurrencyMax: 192,
  concurrencyDefault: 64,
  /** Generations that wait for a place, over all keys. */
  waitingMax: 1024,
  /** Generations of one key that wait: one key cannot fill the queue. */
  waitingPerKeyMax: 256,
  /** A generation that has waited so long is refused as busy. */
  waitMsMax: 120_000,
  /** What `retry-after` says when every place is taken. */
  busyRetryAfterMs: 2000,
  /** What `retry-after` says when blocks are missing: a record spreads within seconds. */
  noRouteRetryAfterMs: 5000,

  /** Keys of one file. */
  keysMax: 4096,
  keyCharactersMin: 8,
  keyCharactersMax: 512,
  /** Model names that the gateway serves, and targets behind one of them. */
  aliasesMax: 256,
  targetsMax: 16,

  /** Sessions kept for their prefixes: each holds a cache on every peer of its route. */
  keptSessionsMax: 64,
  keptSessionsDefault: 16,
  /** Tokens that kept sessions hold together, as a share of what peers cache. */
  keptTokensMax: 65_536,
  /** A kept session that nobody took for so long is closed. */
  keptIdleMs: 300_000,
  /** A shorter common prefix is not worth spoiling a kept session: chat templates begin alike. */
  reusedTokensMin: 16,

  /** Responses kept: their age, and one response's share of the cache. */
  responseAgeMsDefault: 3_600_000,
  responseShareMax: 0.25,

  /** Silence on a stream after which a comment is sent, so that no proxy gives up. */
  keepAliveMs: 10_000,
  /** A caller that does not read for so long is given up: it holds a place and caches. */
  stalledMs: 60_000,
  /** News of routes that wait to be sent on one stream: a reader so slow misses the oldest. */
  routeEventsMax: 256,
  /** A graceful stop waits so long for running answers, and for their last bytes to be written. */
  drainMs: 30_000,
  writeMs: 2000,
} as const;

/** Rows of the first steps of a context: the least that an exact reuse can save. */
export const reusableStepRows = 16;

/** Every maximum of the page, with its reason. Times are milliseconds. */
export const chatLimits = {
  /** One line of a stream: a chunk is a few hundred characters. */
  streamLineCharactersMax: 1_000_000,
  /** Characters of one answer; a context of a million tokens is about 4 million. */
  answerCharactersMax: 4_000_000,
  /** Longer answers are shown as they came: laying out so much markdown would stop the page. */
  markdownCharactersMax: 60_000,
  /** Quotes and lists within each other; deeper ones are shown as text. */
  markdownDepthMax: 12,
  /** Conversations kept; the one that rested longest makes room. */
  conversationsMax: 100,
  /** Messages of one conversation: more do not fit a context anyway. */
  messagesMax: 400,
  /** Characters kept on this device: browsers allow about 5 million. */
  storedCharactersMax: 3_000_000,
  /** Characters of a title. */
  titleCharactersMax: 60,
  /** Hops of a route that have room for their names. */
  namedHopsMax: 10,
  /** Reroutes that one answer remembers. */
  reroutesMax: 50,
  /** Answers are drawn this often while they grow. */
  redrawMs: 40,
  /** An answer of the gateway other than a stream has arrived by then. */
  requestMs: 20_000,
} as const;

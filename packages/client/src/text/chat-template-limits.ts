/** What rendering a chat template may use. Templates come with models and are not trusted. */
export const chatTemplateLimits = {
  /** Messages of a conversation. */
  messagesMax: 16_384,
  /**
   * Characters of any value in between, lists with all that they hold, and of the outcome: a
   * million tokens have about 4 million.
   */
  textCharactersMax: 8 * 1024 * 1024,
  /** Items of any list or mapping in between. */
  itemsMax: 65_536,
  /**
   * Units of work: one a node of the template that is evaluated, more for large values. A thousand
   * messages through a template of 5 KiB take about 0.2 million.
   */
  workMax: 10_000_000,
  /** Time in all; a thousand messages take about 0.1 s. */
  elapsedMsMax: 5000,
  /** Characters of white space in a row in a template: the lexer's time grows with their square. */
  whiteSpaceRunMax: 256,
} as const;

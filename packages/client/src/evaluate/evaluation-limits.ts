/** The numbers of evaluations. */
export const evaluationLimits = {
  /** Items at once when nobody says how many. */
  concurrencyDefault: 4,
  /** More sessions at once than peers let one client have. */
  concurrencyMax: 192,
  /** Answers of a question: the largest known data sets have ten. */
  choicesMax: 64,
  messagesMax: 256,
  /** A book of a million tokens. */
  textCharactersMax: 8 * 1024 * 1024,
  idCharactersMax: 256,
  /** Peers that are full now have room when other items end. */
  openWaitMs: 60_000,
} as const;

/** The figures of a series that a sentence needs; null where nothing is known. */
export interface SeriesSummary {
  readonly newest: number;
  readonly least: number;
  readonly most: number;
}

/** Sums up a series, gaps left out. */
export function summarise(values: readonly (number | null)[]): SeriesSummary | null {
  const known = values.filter((value) => value !== null);
  const newest = known.at(-1);
  if (newest === undefined) return null;
  let [least, most] = [newest, newest];
  for (const value of known) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return { newest, least, most };
}

/** Every maximum of the page, with its reason. Times are milliseconds, lengths are CSS pixels. */
export const dashboardLimits = {
  /** Events that are kept to be filtered: more than the server sends to a newcomer. */
  eventsMax: 1000,
  /** Events in the list at once: nobody reads further. */
  shownEventsMax: 200,
  /** Sessions in the list beside the map. */
  shownSessionsMax: 60,
  /** Edges in the table of the flow. */
  shownEdgesMax: 40,
  /** Reroutes that are told beside the flow. */
  shownReroutesMax: 6,
  /** Peers whose names are drawn beside them; of more the pointer tells. */
  namedKnotsMax: 40,
  /** Points of a series up to which each is a dot: lines need more. */
  dottedPointsMax: 30,
  /** Edges that are drawn; those with the most sessions first. */
  drawnEdgesMax: 400,
  /** An answer of the server other than the live stream has arrived by then. */
  requestMs: 15_000,
  /** A peer's page is asked for anew so often. */
  peerRefreshMs: 4000,
  /** An edge that has gone or come is marked so long. */
  changeMs: 3200,
  /** The largest device pixel ratio that is drawn: more is not seen, and costs memory. */
  pixelRatioMax: 2,
  /** Rows and columns of the map. */
  rowPx: 22,
  /** Where all peers are seen at once: still a thread each. */
  rowPxMin: 3,
  /** Rows that are lower have no room for a name. */
  namedRowPxMin: 12,
  columnPxMin: 9,
  columnPxMax: 150,
} as const;

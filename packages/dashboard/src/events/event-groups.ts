import type { SwarmEventKind } from '@skein/protocol/http-api';

/** Kinds of events that people look for together; null: all. */
export const groups = {
  all: null,
  'comings and goings': ['joined', 'left', 'draining', 'lost', 'returned'],
  moves: ['moving', 'moved'],
  failures: ['failed', 'lost', 'banned'],
  health: ['health'],
} as const satisfies Readonly<Record<string, readonly SwarmEventKind[] | null>>;

export type GroupName = keyof typeof groups;

/** Sign and tone of a kind: the sign says the same as the colour. */
export const signs: Readonly<
  Record<SwarmEventKind, { readonly path: string; readonly tone: string }>
> = {
  joined: { path: 'M8 3v10M3 8h10', tone: 'good' },
  returned: { path: 'M12.5 6A5 5 0 1 0 13 9M13 3v3.4H9.6', tone: 'good' },
  left: { path: 'M3 8h10', tone: 'quiet' },
  draining: { path: 'M3 8h7m-3-3.5L10.5 8 7 11.5M13 4v8', tone: 'quiet' },
  lost: { path: 'm4 4 8 8m0-8-8 8', tone: 'bad' },
  moving: { path: 'M3 8h9M9 5l3 3-3 3', tone: 'change' },
  moved: { path: 'M3 8h9M9 5l3 3-3 3', tone: 'change' },
  failed: { path: 'M8 3v6M8 12.4v.2', tone: 'bad' },
  banned: { path: 'M8 2.8a5.2 5.2 0 1 0 0 10.4A5.2 5.2 0 0 0 8 2.8ZM4.4 4.4l7.2 7.2', tone: 'bad' },
  health: { path: 'M2.5 11 6 5l3 6 2-4 2.5 4', tone: 'change' },
};

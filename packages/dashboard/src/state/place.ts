import { computed, signal } from '@preact/signals';

/** The views, by the names that they have in the address. */
export const views = ['map', 'flow', 'history', 'events', 'help'] as const;
export type View = (typeof views)[number];

const fragment = signal(location.hash);
addEventListener('hashchange', () => {
  fragment.value = location.hash;
});

/** Where in the page the reader is: kept in the fragment, so that no server has to know of it. */
export const place = computed<{ readonly view: View } | { readonly peer: string }>(() => {
  const [, name = '', rest = ''] = /^#\/([a-z]*)\/?(.*)$/.exec(fragment.value) ?? [];
  if (name === 'peers' && rest !== '') return { peer: safeDecode(rest) };
  return { view: views.find((view) => view === name) ?? 'map' };
});

export function addressOf(view: View): string {
  return view === 'map' ? '#/' : `#/${view}`;
}

export function addressOfPeer(id: string): string {
  return `#/peers/${encodeURIComponent(id)}`;
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

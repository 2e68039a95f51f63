import { computed } from '@preact/signals';
import { theme } from '@skein/look';

const names = [
  'ground',
  'raised',
  'sunken',
  'line',
  'line-strong',
  'ink',
  'ink-soft',
  'ink-faint',
  'madder',
  'madder-wash',
  'woad',
  'weld',
  'weld-fill',
  'lichen',
  'load-0',
  'load-1',
  'load-2',
  'load-3',
  'load-4',
] as const;

/** The look's colours, for canvases and charts. */
export type Palette = Readonly<Record<(typeof names)[number], string>>;

/** The colours of the theme that is shown: whoever draws with them draws again when it changes. */
export const palette = computed<Palette>(() => {
  // Only read so that a change of the theme is noticed: the document has it by then.
  void theme.value;
  const style = getComputedStyle(document.documentElement);
  const entries = names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return Object.fromEntries(entries) as Palette;
});

/** Icons of both pages, drawn on 20 by 20 with one line. */
const shapes = {
  add: 'M10 4v12M4 10h12',
  close: 'm5 5 10 10M15 5 5 15',
  menu: 'M3 6h14M3 10h9M3 14h14',
  settings: 'M3 6h7m4 0h3M3 14h3m4 0h7M12 4v4M8 12v4',
  send: 'M10 16V4m-5 5 5-5 5 5',
  stop: 'M6 6h8v8H6z',
  again: 'M15.5 8A6 6 0 1 0 16 11M15.8 3.8V8h-4.2',
  edit: 'm4 16 .8-3.6L13.4 4l2.7 2.7-8.5 8.5L4 16Z',
  copy: 'M7.5 7.5h8v8h-8zM12.5 4.5h-8v8',
  done: 'm4.5 10.5 3.5 3.5 7.5-8',
  remove: 'M4.5 6h11M8 6V4h4v2m-6 0 .6 10h6.8L14 6',
  open: 'm7 4 6 6-6 6',
  system: 'M3.5 4.5h13v8.5h-13zM7.5 16.5h5',
  light:
    'M10 6.6a3.4 3.4 0 1 0 0 6.8 3.4 3.4 0 0 0 0-6.8ZM10 2v1.6M10 16.4V18M2 10h1.6m12.8 0H18M4.3 4.3l1.1 1.1m9.2 9.2 1.1 1.1m0-11.4-1.1 1.1m-9.2 9.2-1.1 1.1',
  dark: 'M16 11.8A6.6 6.6 0 0 1 8.2 4a6.6 6.6 0 1 0 7.8 7.8Z',
  key: 'M7 8.5a3.5 3.5 0 1 0 0 .1M10.2 8.5H17M14 8.5v3',
  search: 'M9 4a5 5 0 1 0 0 10A5 5 0 0 0 9 4Zm3.6 8.6L16.5 16.5',
} as const;

/** The name of an icon. */
export type IconName = keyof typeof shapes;

/** An icon. It stands beside words, or in a button that has a label. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg viewBox="0 0 20 20" width="18" height="18" fill="none" aria-hidden="true">
      <path
        d={shapes[name]}
        stroke="currentColor"
        stroke-width="1.6"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

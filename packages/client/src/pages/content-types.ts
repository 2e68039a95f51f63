/** Types of what a built page consists of; every other file is left out. */
const contentTypes: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json',
  webmanifest: 'application/manifest+json',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
  woff2: 'font/woff2',
  txt: 'text/plain; charset=utf-8',
};

/** The content type of a file by its name; null for files that no page needs. */
export function contentTypeOf(name: string): string | null {
  const extension = /\.([a-z0-9]+)$/.exec(name)?.[1] ?? '';
  return contentTypes[extension] ?? null;
}

/** Whether a type is text, which compression makes smaller. */
export function isText(contentType: string): boolean {
  return /^text\/|json|svg/.test(contentType);
}

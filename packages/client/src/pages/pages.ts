import { cacheControlOf, pageHeaders } from './page-headers.js';

/** One file of a page, as it is sent. */
export interface PageFile {
  /** Within its folder. */
  readonly path: string;
  readonly contentType: string;
  readonly content: Uint8Array;
  /** By gzip; null where that is not worth it. */
  readonly compressed: Uint8Array | null;
  /** Names the content. */
  readonly tag: string;
}

/** Built pages in memory, by the paths under which they are served. */
export class Pages {
  readonly #files: ReadonlyMap<string, PageFile>;

  constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /** Answers a `GET` or `HEAD` for a file of a page; null for everything else. */
  answer(request: Request): Response | null {
    if (request.method !== 'GET' && request.method !== 'HEAD') return null;
    const { pathname } = new URL(request.url);
    const file = this.#files.get(pathname);
    if (file !== undefined) return answerFile(file, request);
    // Relative addresses within the page need the slash.
    if (!this.#files.has(`${pathname}/`)) return null;
    return new Response(null, { status: 308, headers: { location: `${pathname}/` } });
  }
}

function answerFile(file: PageFile, request: Request): Response {
  const accepted = request.headers.get('accept-encoding') ?? '';
  const isCompressed = file.compressed !== null && /\bgzip\b/.test(accepted);
  const tag = `"${file.tag}${isCompressed ? '-gzip' : ''}"`;
  const headers = {
    ...pageHeaders,
    etag: tag,
    'cache-control': cacheControlOf(file.path),
    vary: 'accept-encoding',
  };
  if (matches(request.headers.get('if-none-match'), tag)) {
    return new Response(null, { status: 304, headers });
  }
  const body = (isCompressed && file.compressed) || file.content;
  return new Response(request.method === 'HEAD' ? null : (body as Uint8Array<ArrayBuffer>), {
    headers: {
      ...headers,
      'content-type': file.contentType,
      'content-length': String(body.byteLength),
      ...(isCompressed && { 'content-encoding': 'gzip' }),
    },
  });
}

/** Weak comparison, as RFC 9110, section 13.1.2 wants it. */
function matches(ifNoneMatch: string | null, tag: string): boolean {
  if (ifNoneMatch === null) return false;
  const tags = ifNoneMatch.split(',').map((given) => given.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(tag);
}

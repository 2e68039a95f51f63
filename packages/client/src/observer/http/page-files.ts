import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SkeinError, toSkeinError } from '@skein/protocol';

/** A page has a few dozen files; a folder with more is another folder. */
const filesMax = 512;
const bytesMax = 64 * 1024 * 1024;

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

/** A file of a page, in memory. */
export interface PageFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  /** Its name tells its content, `index-Bx3f9.js`: it never changes. */
  readonly isImmutable: boolean;
}

/** The files of a page by path, `assets/index.js`. Only they are served: no path leads elsewhere. */
export type PageFiles = ReadonlyMap<string, PageFile>;

/**
 * Reads a folder of static files.
 * @throws SkeinError `bad-configuration` for a folder that is none, or no page
 */
export async function readPageFiles(folder: string): Promise<PageFiles> {
  const files = new Map<string, PageFile>();
  let bytes = 0;
  try {
    for (const name of await readdir(folder, { recursive: true })) {
      const path = join(folder, name);
      const info = await stat(path);
      if (!info.isFile()) continue;
      bytes += info.size;
      if (files.size >= filesMax || bytes > bytesMax) {
        throw new SkeinError('bad-configuration', `the folder ${folder} is too large for a page`);
      }
      const type = types[extname(name).toLowerCase()] ?? 'application/octet-stream';
      const isImmutable = /[.-][\w-]{8,}\.\w+$/.test(name) && name.includes('assets');
      const content = new Uint8Array(await readFile(path));
      files.set(name.replaceAll('\\', '/'), { bytes: content, type, isImmutable });
    }
  } catch (error) {
    const { message } = toSkeinError(error);
    throw new SkeinError('bad-configuration', `the page in ${folder} cannot be read: ${message}`, {
      cause: error,
    });
  }
  if (!files.has('index.html')) {
    throw new SkeinError('bad-configuration', `the folder ${folder} has no index.html`);
  }
  return files;
}

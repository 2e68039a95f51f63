import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { SkeinError } from '@skein/protocol';
import { contentTypeOf, isText } from './content-types.js';
import { pageLimits } from './page-limits.js';
import { type PageFile, Pages } from './pages.js';

const compress = promisify(gzip);

/** A folder with a built page, and where it is served. */
export interface PageFolder {
  /** `/`, or a path with a slash at both ends: `/dashboard/`. */
  readonly at: string;
  readonly directory: string;
}

/**
 * Reads built pages into memory. What is not read here cannot be asked for later: no path of a
 * request ever reaches the file system.
 *
 * @throws SkeinError `bad-argument` for a folder without `index.html`; `limit-exceeded`
 */
export async function loadPages(folders: readonly PageFolder[]): Promise<Pages> {
  const files = new Map<string, PageFile>();
  let bytes = 0;
  for (const { at, directory } of folders) {
    if (!/^\/([\w-]+\/)*$/.test(at)) throw badFolder(`"${at}" is no path for a page`);
    for (const path of await filesBelow(directory)) {
      const contentType = contentTypeOf(path);
      if (contentType === null) continue;
      const file = await readPageFile({ directory, path, contentType });
      bytes += file.content.byteLength + (file.compressed?.byteLength ?? 0);
      files.set(`${at}${path}`, file);
      if (path === 'index.html') files.set(at, file);
      if (files.size > pageLimits.filesMax || bytes > pageLimits.bytesMax) {
        throw new SkeinError('limit-exceeded', `the page in ${directory} is too large`);
      }
    }
    if (!files.has(at)) throw badFolder(`${directory} has no index.html`);
  }
  return new Pages(files);
}

/** Paths of all plain files, with `/` on every platform. Links are left out. */
async function filesBelow(directory: string, depth = 0): Promise<string[]> {
  if (depth > pageLimits.depthMax) throw badFolder(`${directory} is nested too deeply`);
  const entries = await readdir(directory, { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.isFile()) paths.push(entry.name);
    if (!entry.isDirectory()) continue;
    const below = await filesBelow(join(directory, entry.name), depth + 1);
    paths.push(...below.map((path) => `${entry.name}/${path}`));
  }
  return paths;
}

async function readPageFile(source: {
  readonly directory: string;
  readonly path: string;
  readonly contentType: string;
}): Promise<PageFile> {
  const { directory, path, contentType } = source;
  const content = await readFile(join(directory, path));
  const isCompressed = isText(contentType) && content.byteLength >= pageLimits.compressedBytesMin;
  return {
    path,
    contentType,
    content,
    compressed: isCompressed ? await compress(content, { level: 9 }) : null,
    tag: createHash('sha256').update(content).digest('base64url').slice(0, 22),
  };
}

function badFolder(text: string): SkeinError {
  return new SkeinError('bad-argument', text);
}

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const folderOf = (page: string) => fileURLToPath(new URL(`../../${page}/dist`, import.meta.url));

/** Bytes of all files of a built page, as they are sent. */
function sentBytes(folder: string): number {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => gzipSync(readFileSync(join(entry.parentPath, entry.name)), { level: 9 }))
    .reduce((sum, { byteLength }) => sum + byteLength, 0);
}

describe.each(['chat', 'dashboard'])('the page in packages/%s', (page) => {
  it('is built, and takes less than 150 KB on its way', () => {
    const folder = folderOf(page);
    expect(existsSync(folder), 'run `node scripts/build-pages.mjs` first').toBe(true);
    expect(sentBytes(folder)).toBeLessThan(150_000);
  });
});

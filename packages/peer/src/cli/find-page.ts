import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type PageFiles, readPageFiles } from '@skein/client/observer';

/**
 * The files of the page: of the folder that is named, else the built ones of `packages/dashboard`.
 * Null where neither is there: the JSON is served all the same.
 *
 * @throws SkeinError `bad-configuration` for a folder that is named and holds no page
 */
export async function findPage(folder: string | undefined): Promise<PageFiles | null> {
  if (folder !== undefined) return await readPageFiles(folder);
  const built = fileURLToPath(new URL('../../../dashboard/dist/', import.meta.url));
  return existsSync(`${built}index.html`) ? await readPageFiles(built) : null;
}

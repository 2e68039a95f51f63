import type { ServedPage } from '@skein/client/observer';
import { loadPages } from '@skein/client/pages';
import { dashboardPageFolder } from './page-folders.js';

/**
 * The page of a swarm's health: of the folder that is named, else the one that came along. Null where it
 * was not built: the JSON is served all the same.
 *
 * @param at the path under which it is served
 * @throws SkeinError `bad-argument` for a folder that is named and holds no page
 */
export async function findPage(at: string, folder: string | undefined): Promise<ServedPage | null> {
  const directory = folder ?? dashboardPageFolder();
  return directory === null ? null : await loadPages([{ at, directory }]);
}

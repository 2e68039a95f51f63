import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { type FetchedChromium, fetchChromium } from './fetch-chromium.js';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where Chromium is: `SKEIN_CHROMIUM`, else the first on the path; null where there is none. */
function findInstalled(): string | null {
  const { SKEIN_CHROMIUM: given = '', PATH: path = '' } = process.env;
  if (given !== '') return given;
  const candidates = names.flatMap((name) =>
    path.split(delimiter).map((folder) => join(folder, name)),
  );
  return candidates.find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Found =
  | (Pick<FetchedChromium, 'executablePath'> & Partial<FetchedChromium>)
  | { readonly whyNot: string };

/** The installed one, else one that is fetched, so that a fresh machine tests the pages as well. */
async function findChromium(): Promise<Found> {
  const installed = findInstalled();
  if (installed !== null) return { executablePath: installed };
  try {
    return await fetchChromium();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return {
      whyNot: `skipped: no Chromium, and ${reason}. Install one (Debian: apt-get install chromium) or set SKEIN_CHROMIUM.`,
    };
  }
}

const found = await findChromium();

/** Why tests of pages are skipped; null where they run. */
export const whyNoBrowser = 'whyNot' in found ? found.whyNot : null;

/** Starts Chromium. A test closes it. */
export async function launchChromium(): Promise<Browser> {
  if ('whyNot' in found) throw new Error(found.whyNot);
  const { executablePath, libraryPath } = found;
  // Root has no sandbox; these tests open pages of our own only.
  const args = ['--no-sandbox', '--disable-gpu'];
  if (libraryPath === undefined) return await chromium.launch({ executablePath, args });
  // Under the locale of a bare machine it takes `en-US@posix` for a language.
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    LD_LIBRARY_PATH: libraryPath,
    LC_ALL: 'en_US.UTF-8',
  };
  return await chromium.launch({ executablePath, args, env });
}

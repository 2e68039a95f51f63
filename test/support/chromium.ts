import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome'];

/** Where Chromium is: `SKEIN_CHROMIUM`, else the first on the path; null where there is none. */
export function findChromium(environment = process.env): string | null {
  const { SKEIN_CHROMIUM: given, PATH: path = '' } = environment;
  if (given !== undefined && given !== '') return given;
  const candidates = names.flatMap((name) =>
    path.split(delimiter).map((folder) => join(folder, name)),
  );
  return candidates.find(isExecutable) ?? null;
}

/** Why tests of pages are skipped; null where they run. */
export const whyNoBrowser =
  findChromium() === null
    ? 'skipped: no Chromium. Install one (Debian: apt-get install chromium) or set SKEIN_CHROMIUM.'
    : null;

/** Starts Chromium. A test closes it. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error('There is no Chromium on this machine.');
  // Root has no sandbox; these tests open pages of our own only.
  return await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

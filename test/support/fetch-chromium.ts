import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';

const run = promisify(execFile);
const decompress = promisify(brotliDecompress);

/**
 * A package of the npm registry that holds Chromium itself, and the libraries that a bare Linux
 * lacks. It is no dependency: 70 MB that only tests of pages need, where no Chromium is installed.
 */
const source = {
  name: '@sparticuz/chromium',
  version: '153.0.0',
  sha512:
    'jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==',
} as const;

/** Loading it may take so long. */
const loadMsMax = 180_000;

const cacheFolder = fileURLToPath(new URL('../../.cache', import.meta.url));

/** A Chromium that was unpacked, and where its libraries are. */
export interface FetchedChromium {
  readonly executablePath: string;
  readonly libraryPath: string;
}

/**
 * Fetches Chromium once, into the cache of this checkout.
 * @throws Error where the registry is out of reach, or has something else than expected
 */
export async function fetchChromium(): Promise<FetchedChromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`there is none to fetch for ${process.platform} on ${process.arch}`);
  }
  const folder = join(cacheFolder, `chromium-${source.version}`);
  if (!existsSync(folder)) await unpackInto(folder);
  return { executablePath: join(folder, 'chromium'), libraryPath: join(folder, 'lib') };
}

/** Works beside the folder, so that it is there whole or not at all. */
async function unpackInto(folder: string): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const work = await mkdtemp(join(cacheFolder, 'chromium-'));
  try {
    const archive = await load(work);
    await run('tar', ['xzf', archive, '-C', work, 'package/bin']);
    const read = async (name: string) =>
      await decompress(await readFile(join(work, 'package', 'bin', `${name}.br`)));
    const built = join(work, 'built');
    await mkdir(built);
    await writeFile(join(built, 'chromium'), await read('chromium'), { mode: 0o755 });
    await writeFile(join(work, 'libraries.tar'), await read('al2023.tar'));
    await run('tar', ['xf', join(work, 'libraries.tar'), '-C', built]);
    await rename(built, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @returns the archive's path */
async function load(work: string): Promise<string> {
  const { name, version, sha512 } = source;
  const parameters = ['pack', `${name}@${version}`, '--pack-destination', work, '--json'];
  const { stdout } = await run('npm', parameters, { cwd: work, timeout: loadMsMax });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  const archive = join(work, filename.replace('@', '').replace('/', '-'));
  const digest = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (digest !== sha512) throw new Error(`${name} ${version} is not what it was: ${digest}`);
  return archive;
}

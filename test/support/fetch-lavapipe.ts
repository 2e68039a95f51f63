import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The driver, and the loader through which programs find it. */
const wanted = ['mesa-vulkan-drivers', 'libvulkan1'] as const;

/** Mesa 22.3, which Debian 12 has by itself, corrupts the heap under ggml. */
const mesaMajorMin = 25;

/** Fetching lists, and fetching packages, may take so long. */
const fetchMsMax = 240_000;

const cacheFolder = fileURLToPath(new URL('../../.cache', import.meta.url));

/** A Vulkan driver that computes on the CPU, unpacked. */
export interface Lavapipe {
  /** Folder with the driver, the loader and what they need beyond what is installed. */
  readonly libraryPath: string;
  /** What the loader's `VK_DRIVER_FILES` wants. */
  readonly driverFile: string;
  /** Where Mesa may keep compiled shaders. */
  readonly shaderCache: string;
}

/**
 * Fetches Mesa's lavapipe once, into the cache of this checkout, from where this machine's apt gets its
 * packages. Nothing is installed, and no rights are needed.
 * @throws Error where there is no apt, or none of its sources has a Mesa that works
 */
export async function fetchLavapipe(): Promise<Lavapipe> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`there is none to fetch for ${process.platform} on ${process.arch}`);
  }
  const folder = join(cacheFolder, 'lavapipe');
  if (!existsSync(folder)) await unpackInto(folder);
  const shaderCache = join(cacheFolder, 'lavapipe-shaders');
  await mkdir(shaderCache, { recursive: true });
  const driverFile = join(folder, 'driver.json');
  return { libraryPath: join(folder, 'lib'), driverFile, shaderCache };
}

/** Works beside the folder, so that it is there whole or not at all. */
async function unpackInto(folder: string): Promise<void> {
  await mkdir(cacheFolder, { recursive: true });
  const work = await mkdtemp(join(cacheFolder, 'lavapipe-'));
  try {
    const root = join(work, 'root');
    for (const archive of await downloadPackages(work)) {
      await execute('dpkg-deb', ['--extract', archive, root]);
    }
    const built = join(work, 'built');
    await collectLibraries(root, join(built, 'lib'));
    const driver = join(folder, 'lib', 'libvulkan_lvp.so');
    const description = {
      file_format_version: '1.0.0',
      ICD: { library_path: driver, api_version: '1.3.0' },
    };
    await writeFile(join(built, 'driver.json'), JSON.stringify(description));
    await rename(built, folder);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @returns paths of the archives of the driver, the loader and whatever they need here */
async function downloadPackages(work: string): Promise<string[]> {
  const { sources, release } = await readSources();
  const apt = await prepareApt(work, sources);
  const target = release === null ? [] : ['--target-release', release];
  await apt(['update']);
  const parameters = ['--reinstall', '--no-install-recommends', '--simulate', ...target];
  const planned = (await apt(['install', ...parameters, ...wanted]))
    .split('\n')
    .flatMap((line) => /^Inst (\S+) (?:\[\S+\] )?\((\S+)/.exec(line)?.slice(1, 3).join('=') ?? []);
  const mesa = planned.find((item) => item.startsWith('mesa-vulkan-drivers')) ?? '';
  const major = Number(/=(?:\d+:)?(\d+)\./.exec(mesa)?.[1]);
  if (!(major >= mesaMajorMin)) {
    throw new Error(`apt has no Mesa ${mesaMajorMin} or later here (${mesa || 'none at all'})`);
  }
  await apt(['download', ...planned]);
  const names = (await readdir(work)).filter((name) => name.endsWith('.deb'));
  return names.map((name) => join(work, name));
}

/** apt with lists and a cache of its own, which reads these sources only. */
async function prepareApt(
  work: string,
  sources: ReadonlyMap<string, string>,
): Promise<(parameters: readonly string[]) => Promise<string>> {
  const parts = join(work, 'apt', 'parts');
  const folders = ['apt/parts', 'apt/state/lists/partial', 'apt/cache/archives/partial'];
  for (const name of folders) await mkdir(join(work, name), { recursive: true });
  for (const [name, text] of sources) await writeFile(join(parts, name), text);
  const options = [
    `Dir::Etc::SourceList=/dev/null`,
    `Dir::Etc::SourceParts=${parts}`,
    `Dir::State=${join(work, 'apt', 'state')}`,
    'Dir::State::status=/var/lib/dpkg/status',
    `Dir::Cache=${join(work, 'apt', 'cache')}`,
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false',
    'Debug::NoLocking=true',
  ].flatMap((option) => ['-o', option]);
  const env = { ...process.env, LC_ALL: 'C' };
  return async (parameters) => {
    const settings = { cwd: work, timeout: fetchMsMax, env, maxBuffer: 16 * 1024 * 1024 };
    const { stdout } = await execute('apt-get', ['-qq', ...options, ...parameters], settings);
    return stdout;
  };
}

/**
 * The distribution's own sources as files for apt, with Debian's backports beside them, which often are
 * not among a machine's sources.
 */
async function readSources(): Promise<{ sources: Map<string, string>; release: string | null }> {
  const system = await readFile('/etc/os-release', 'utf8');
  const codename = /^VERSION_CODENAME="?(\w+)"?$/m.exec(system)?.[1];
  if (codename === undefined) throw new Error('this is no release of Debian or Ubuntu');
  const backports = /^ID="?debian"?$/m.test(system) ? `${codename}-backports` : null;
  const sources = new Map<string, string>();
  for (const path of await sourceFiles()) {
    const suites = backports === null ? [codename, `${codename}-updates`] : [codename, backports];
    const text = withSuites(await readFile(path, 'utf8'), { codename, suites });
    const format = path.endsWith('.sources') ? 'sources' : 'list';
    if (text !== '') sources.set(`part-${sources.size}.${format}`, text);
  }
  if (sources.size === 0) throw new Error(`apt has no source of ${codename}`);
  return { sources, release: backports };
}

async function sourceFiles(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const parts = existsSync(folder) ? await readdir(folder) : [];
  const files = parts
    .filter((name) => /\.(list|sources)$/.test(name))
    .map((name) => join(folder, name));
  return ['/etc/apt/sources.list', ...files].filter((path) => existsSync(path));
}

/** What a file of sources says of the release itself, said of these suites. */
function withSuites(
  text: string,
  release: { codename: string; suites: readonly string[] },
): string {
  const { codename, suites } = release;
  const stanzas = text
    .split(/\n\s*\n/)
    .filter((stanza) => new RegExp(`^Suites:.*\\b${codename}(\\s|$)`, 'm').test(stanza))
    .map((stanza) => stanza.replace(/^Suites:.*$/m, `Suites: ${suites.join(' ')}`));
  const lines = text.split('\n').flatMap((line) => {
    const [, before, after] = new RegExp(`^(deb .*\\s)${codename}(\\s.*)$`).exec(line) ?? [];
    return before === undefined ? [] : suites.map((suite) => `${before}${suite}${after}`);
  });
  return [...stanzas, lines.join('\n')].filter((part) => part !== '').join('\n\n');
}

/** What else comes along: drivers of real GPUs and of other interfaces, and layers. */
const unneeded = /^lib(vulkan_(?!lvp)|VkLayer|EGL|GLX|gbm|gallium)/;

/** Puts the libraries side by side. */
async function collectLibraries(root: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  const source = join(root, 'usr', 'lib', 'x86_64-linux-gnu');
  for (const name of await readdir(source)) {
    if (!name.includes('.so') || unneeded.test(name)) continue;
    await rename(join(source, name), join(target, name));
  }
}

/** Finds the prebuilt ggml libraries of the npm packages `@node-llama-cpp/<platform>`. */
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type DeviceChoice, SkeinError } from '@skein/protocol';

/** A folder with one build of ggml. */
export interface GgmlLibraries {
  /** npm package that it came from, or the folder's path. */
  readonly name: string;
  readonly folder: string;
  /** Path of the library that holds tensors, graphs and buffers. */
  readonly base: string;
  /** Path of the library that knows the devices. */
  readonly registry: string;
}

/** Every package carries the CPU backend; the plain one is the smallest. */
const desktop = {
  cuda: ['-cuda', '-cuda-ext'],
  vulkan: ['-vulkan'],
  cpu: ['', '-vulkan', '-cuda'],
} as const;

/** Suffixes of the packages that are published for a platform, by device, best first. */
const publishedSuffixes: Readonly<
  Record<string, Partial<Record<Exclude<DeviceChoice, 'auto'>, readonly string[]>>>
> = {
  'linux-x64': desktop,
  'linux-arm64': { cpu: [''] },
  'linux-armv7l': { cpu: [''] },
  'mac-arm64': { metal: ['-metal'], cpu: ['-metal'] },
  'mac-x64': { cpu: [''] },
  'win-x64': desktop,
  'win-arm64': { cpu: [''] },
};

const { optionalDependencies: pinnedVersions } = createRequire(import.meta.url)(
  '../../package.json',
) as { optionalDependencies: Readonly<Record<string, string>> };

/** Node's `process.platform` and `process.arch` as the package names spell them. */
const platformNames: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'linux',
  darwin: 'mac',
  win32: 'win',
};
const architectureNames: Partial<Record<NodeJS.Architecture, string>> = {
  x64: 'x64',
  arm64: 'arm64',
  arm: 'armv7l',
};

/** `linux-x64`, or null where no package exists. */
function platformName(): string | null {
  const platform = platformNames[process.platform];
  const architecture = architectureNames[process.arch];
  return platform === undefined || architecture === undefined
    ? null
    : `${platform}-${architecture}`;
}

/** Names of the packages that could bring `device` to this platform. */
export function packagesFor(device: Exclude<DeviceChoice, 'auto'>): string[] {
  const platform = platformName();
  if (platform === null) return [];
  const suffixes = publishedSuffixes[platform]?.[device] ?? [];
  return suffixes.map((suffix) => `@node-llama-cpp/${platform}${suffix}`);
}

/**
 * The libraries installed for `device`, best first. `SKEIN_GGML_LIBRARIES` names a folder with a
 * build of one's own, which is then the only one.
 */
export function findLibraries(device: Exclude<DeviceChoice, 'auto'>): GgmlLibraries[] {
  const ownBuild = process.env.SKEIN_GGML_LIBRARIES;
  if (ownBuild !== undefined && ownBuild !== '') {
    const libraries = readFolder(ownBuild, ownBuild);
    return libraries === null ? [] : [libraries];
  }
  return packagesFor(device).flatMap((name) => {
    const folder = packageFolder(name);
    const libraries = folder === null ? null : readFolder(name, folder);
    return libraries === null ? [] : [libraries];
  });
}

/** What installs a package in a clone of the repository, in the version that is used here. */
export function installCommand(name: string): string {
  const platform = platformName();
  const pinned = Object.keys(pinnedVersions).find((known) => known.includes(`/${platform}`));
  const version = pinned === undefined ? '' : `@${pinnedVersions[pinned]}`;
  return `pnpm --filter @skein/engine add ${name}${version}`;
}

/** The error for a device whose libraries are not installed, with what to do about it. */
export function missingLibraries(device: Exclude<DeviceChoice, 'auto'>): SkeinError {
  const packages = packagesFor(device);
  const [best] = packages;
  const steps =
    best === undefined
      ? [
          `There is no prebuilt ggml for the device "${device}" on ${process.platform} ${process.arch}.`,
          '1. Build llama.cpp with -DBUILD_SHARED_LIBS=ON.',
          '2. Set SKEIN_GGML_LIBRARIES to the folder that holds libggml-base.',
          ...(device === 'cpu' ? [] : ['3. Or choose another device, for example: --device cpu']),
        ]
      : [
          `No ggml library for the device "${device}" is installed.`,
          `1. Run: ${installCommand(best)}`,
          ...(device === 'cpu' ? [] : ['2. Or choose another device, for example: --device cpu']),
        ];
  return new SkeinError('bad-configuration', steps.join('\n'), { details: { device, packages } });
}

/** The folder with the libraries inside an installed package. */
function packageFolder(name: string): string | null {
  try {
    // The package exports only its entry, `dist/index.js`; the libraries lie in `bins/<build>/`.
    const entry = createRequire(import.meta.url).resolve(name);
    const bins = join(dirname(dirname(entry)), 'bins');
    const build = readdirSync(bins, { withFileTypes: true }).find((item) => item.isDirectory());
    return build === undefined ? null : join(bins, build.name);
  } catch {
    return null;
  }
}

/** Names the libraries in `folder`, or null when it has none. The registry's name has a version. */
function readFolder(name: string, folder: string): GgmlLibraries | null {
  if (!existsSync(folder)) return null;
  const files = readdirSync(folder);
  const base = files.find((file) => /^(lib)?ggml-base\.(so|dylib|dll)$/.test(file));
  const registry = files.find((file) =>
    /^(lib)?ggml(\.[a-z]+)?(\.[vb][\d.]+)?\.(so|dylib|dll)$/.test(file),
  );
  if (base === undefined || registry === undefined) return null;
  return { name, folder, base: join(folder, base), registry: join(folder, registry) };
}

/** Why a kind of device is not there although its library is installed. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { SkeinError } from '@skein/protocol';
import type { ConcreteDevice } from './choose-device.js';
import type { GgmlLibraries } from './library-discovery.js';

/** ggml passes over a backend that does not load without a word: the loader knows why. */
export async function backendProblem(
  kind: ConcreteDevice,
  { folder }: GgmlLibraries,
): Promise<string> {
  const pattern = new RegExp(`^(lib)?ggml-${kind}\\.(so|dylib|dll)$`);
  const file = readdirSync(folder).find((name) => pattern.test(name));
  if (file === undefined) return 'this build of ggml is without it';
  const koffi = (await import('koffi')).default;
  try {
    koffi.load(join(folder, file));
    return 'it sees no such device here';
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `${file} does not load: ${message.replace(/^Failed to load shared library: /, '')}`;
  }
}

/** The error for a device that nothing on this machine gives. */
export async function missingDevice(
  kind: ConcreteDevice,
  libraries: GgmlLibraries,
): Promise<SkeinError> {
  const problem = await backendProblem(kind, libraries);
  return new SkeinError(
    'bad-configuration',
    `No ${kind} device can be used here. ${libraries.name} is installed, but ${problem}.\n` +
      `1. See what is missing, and what installs it: skein doctor (${driverChecks[kind]}).\n` +
      '2. Or choose another device, for example: --device cpu',
    { details: { device: kind } },
  );
}

const driverChecks: Readonly<Record<ConcreteDevice, string>> = {
  cuda: 'the driver’s own check is nvidia-smi',
  vulkan: 'the driver’s own check is vulkaninfo --summary',
  metal: 'the system’s own check is system_profiler SPDisplaysDataType',
  cpu: 'the libggml-cpu files must lie beside libggml-base',
};

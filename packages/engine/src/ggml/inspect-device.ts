/** Tries one kind of device in the process that calls it. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { toSkeinError } from '@skein/protocol';
import { type ConcreteDevice, openRuntime } from './choose-device.js';
import { type DeviceDescription, listDevices } from './devices.js';
import { findLibraries, type GgmlLibraries, missingLibraries } from './library-discovery.js';
import { loadGgml } from './load-ggml.js';

/** What became of the try. */
export interface DeviceInspection {
  readonly ggmlVersion: string;
  readonly devices: readonly DeviceDescription[];
  readonly selfTestMs: number | null;
  readonly problem: string | null;
}

/**
 * Loads ggml, lists the devices of a kind, and runs the self-test on the one that would be used.
 * @throws SkeinError `bad-configuration` when ggml itself does not load
 */
export async function inspectDevice(kind: ConcreteDevice): Promise<DeviceInspection> {
  const [libraries] = findLibraries(kind);
  if (libraries === undefined) throw missingLibraries(kind);
  const ggml = await loadGgml(libraries);
  const devices = listDevices(ggml)
    .filter((device) => device.kind === kind)
    .map(({ handle: _handle, ...description }) => description);
  const seen = { ggmlVersion: ggml.version(), devices };
  if (devices.length === 0) {
    return { ...seen, selfTestMs: null, problem: await backendProblem(kind, libraries) };
  }
  const startedAt = performance.now();
  try {
    const runtime = await openRuntime(kind);
    runtime.stop();
    return { ...seen, selfTestMs: Math.round(performance.now() - startedAt), problem: null };
  } catch (error) {
    return { ...seen, selfTestMs: null, problem: toSkeinError(error).message };
  }
}

/** ggml passes over a backend that does not load without a word: the loader knows why. */
async function backendProblem(kind: ConcreteDevice, { folder }: GgmlLibraries): Promise<string> {
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

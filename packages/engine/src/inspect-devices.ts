/** What each kind of device could give on this machine, and what is missing for it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toSkeinError } from '@skein/protocol';
import { EngineProcess } from './child/engine-process.js';
import type { ConcreteDevice } from './ggml/choose-device.js';
import type { DeviceDescription } from './ggml/devices.js';
import { findLibraries, type GgmlLibraries, packagesFor } from './ggml/library-discovery.js';

/** One kind of device on this machine. */
export interface DeviceReport {
  readonly kind: ConcreteDevice;
  /** npm packages that bring it to this platform, best first; empty where there are none. */
  readonly packages: readonly string[];
  /** The package that is installed, or the folder of an own build; null when there is none. */
  readonly libraries: { readonly name: string; readonly version: string | null } | null;
  /** Version of the ggml in it; null when it did not load. */
  readonly ggmlVersion: string | null;
  /** Devices of this kind that it sees. */
  readonly devices: readonly DeviceDescription[];
  /** Milliseconds of a self-test that passed: a block against the CPU's result. */
  readonly selfTestMs: number | null;
  /** Why the kind cannot be used; null when it can, or when nothing of it is installed. */
  readonly problem: string | null;
}

/**
 * Looks at all kinds of devices that this platform could have. Every library is loaded in a process
 * of its own, so that one that crashes is reported like any other that does not work.
 */
export async function inspectDevices(): Promise<DeviceReport[]> {
  const reports: DeviceReport[] = [];
  for (const kind of ['cuda', 'metal', 'vulkan', 'cpu'] as const) {
    const packages = packagesFor(kind);
    const [libraries] = findLibraries(kind);
    if (libraries !== undefined) reports.push(await inspect(kind, { packages, libraries }));
    else if (packages.length > 0) reports.push({ ...nothing, kind, packages });
  }
  return reports;
}

const nothing = {
  libraries: null,
  ggmlVersion: null,
  devices: [],
  selfTestMs: null,
  problem: null,
} as const;

async function inspect(
  kind: ConcreteDevice,
  found: { packages: readonly string[]; libraries: GgmlLibraries },
): Promise<DeviceReport> {
  const { packages } = found;
  const { name, folder } = found.libraries;
  const libraries = { name, version: packageVersion(folder) };
  const process = new EngineProcess();
  try {
    const { result } = await process.call<'inspect'>({ call: 'inspect', device: kind });
    return { kind, packages, libraries, ...result };
  } catch (error) {
    const problem = toSkeinError(error).message;
    return { ...nothing, kind, packages, libraries, problem };
  } finally {
    await process.stop();
  }
}

/** The version of the npm package around `bins/<build>/`; null for a build of one's own. */
function packageVersion(folder: string): string | null {
  const file = join(folder, '..', '..', 'package.json');
  if (!existsSync(file)) return null;
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown };
  return typeof version === 'string' ? version : null;
}

/** Which backends of TensorFlow.js this machine has, and whether they start. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toSkeinError } from '@skein/protocol';
import { EngineProcess } from './child/engine-process.js';
import {
  type BackendDescription,
  type BackendName,
  backends,
  findPackage,
  installBackend,
} from './tfjs/backends.js';

/** One backend on this machine. */
export interface BackendReport {
  readonly backend: BackendName;
  readonly package: string;
  /** Version of the installed package; null when it is not there. */
  readonly version: string | null;
  /** The values of `--device` that stand for it. */
  readonly devices: readonly string[];
  /** `WebAssembly (SIMD)`; null when it is not there or does not start. */
  readonly description: string | null;
  /** Why it cannot be used although it is installed. */
  readonly problem: string | null;
  /** The command that installs it. */
  readonly install: string;
}

/** Looks at all backends, best first. Each is started in a process of its own. */
export async function inspectBackends(): Promise<BackendReport[]> {
  const reports: BackendReport[] = [];
  for (const backend of backends) reports.push(await inspect(backend));
  return reports;
}

async function inspect({ name, package: packageName, devices }: BackendDescription) {
  const report = {
    backend: name,
    package: packageName,
    version: installedVersion(packageName),
    devices,
    description: null,
    problem: null,
    install: installBackend(name),
  };
  if (report.version === null) return report;
  const process = new EngineProcess();
  try {
    const { result } = await process.call<'inspect-backend'>({
      call: 'inspect-backend',
      backend: name,
    });
    return { ...report, ...result };
  } catch (error) {
    return { ...report, problem: toSkeinError(error).message };
  } finally {
    await process.stop();
  }
}

/** Looks in the package's folder and in those around it: its entry may lie deeper. */
function installedVersion(packageName: string): string | null {
  const entry = findPackage(packageName);
  if (entry === null) return null;
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const text = readFileSync(join(folder, 'package.json'), 'utf8');
      const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
      if (name === packageName && typeof version === 'string') return version;
    } catch {
      // No package starts here.
    }
  }
  return null;
}

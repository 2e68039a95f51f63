/** Tries one kind of device in the process that calls it. */
import { toSkeinError } from '@skein/protocol';
import { backendProblem } from './backend-problem.js';
import { type ConcreteDevice, openRuntime } from './choose-device.js';
import { type DeviceDescription, listDevices } from './devices.js';
import { findLibraries, missingLibraries } from './library-discovery.js';
import { loadGgml } from './load-ggml.js';

/** What became of the try. */
export interface DeviceInspection {
  readonly ggmlVersion: string;
  readonly devices: readonly DeviceDescription[];
  readonly selfTestMs: number | null;
  readonly problem: string | null;
}

/**
 * Loads ggml, lists the devices of a kind, and runs the self-test on those that would be used.
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

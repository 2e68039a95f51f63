/** From what the caller asked for to a device that is ready to compute. */
import { type DeviceChoice, SkeinError } from '@skein/protocol';
import { pickDevice } from './devices.js';
import { findLibraries, missingLibraries } from './library-discovery.js';
import { loadGgml } from './load-ggml.js';
import { Runtime } from './runtime.js';
import { assertDeviceComputes } from './self-test.js';
import { defaultThreadCount } from './thread-count.js';

/** A device that was named, or chosen for the caller. */
export type ConcreteDevice = Exclude<DeviceChoice, 'auto'>;

/** The most threads that make sense; beyond, ggml's barriers dominate. */
const threadsMax = 256;

/**
 * Devices to try for a choice, best first: those whose libraries are installed, then the CPU.
 * Each belongs into a process of its own, because two builds of ggml do not fit into one.
 * @throws SkeinError `bad-configuration` when the libraries of a named device are not installed
 */
export function deviceCandidates(choice: DeviceChoice): ConcreteDevice[] {
  const isInstalled = (device: ConcreteDevice) => findLibraries(device).length > 0;
  if (choice !== 'auto') {
    if (!isInstalled(choice)) throw missingLibraries(choice);
    return [choice];
  }
  const found = (['cuda', 'metal', 'vulkan', 'cpu'] as const).filter(isInstalled);
  if (found.length === 0) throw missingLibraries('cpu');
  return found;
}

/**
 * Loads ggml and initialises a device.
 * @throws SkeinError `bad-configuration` when it is missing, `engine-failed` when it computes wrong
 */
export async function openRuntime(
  choice: ConcreteDevice,
  options: { threads?: number | undefined; polling?: number } = {},
): Promise<Runtime> {
  const threads = options.threads ?? defaultThreadCount();
  if (!Number.isInteger(threads) || threads < 1 || threads > threadsMax) {
    throw new SkeinError(
      'bad-argument',
      `${threads} is no number of threads (1 to ${threadsMax}).`,
    );
  }
  const [libraries] = findLibraries(choice);
  if (libraries === undefined) throw missingLibraries(choice);
  const ggml = await loadGgml(libraries);
  const cpu = pickDevice(ggml, 'cpu');
  const runtime = new Runtime(ggml, {
    device: pickDevice(ggml, choice),
    cpu,
    threads,
    ...(options.polling !== undefined && { polling: options.polling }),
  });
  if (runtime.usesCpuOnly) return runtime;
  const reference = new Runtime(ggml, { device: cpu, cpu, threads });
  try {
    assertDeviceComputes(runtime, reference);
    return runtime;
  } catch (error) {
    runtime.stop();
    throw error;
  } finally {
    reference.stop();
  }
}

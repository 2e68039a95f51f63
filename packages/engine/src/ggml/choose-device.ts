/** From what the caller asked for to a device that is ready to compute. */
import { type DeviceChoice, SkeinError } from '@skein/protocol';
import { missingDevice } from './backend-problem.js';
import { type DeviceHandle, listDevices, pickDevices } from './devices.js';
import { findLibraries, missingLibraries } from './library-discovery.js';
import { loadGgml } from './load-ggml.js';
import { Runtime } from './runtime.js';
import { assertDevicesCompute } from './self-test.js';
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

/** Which devices of a kind, and how many threads of the CPU. */
export interface RuntimeOptions {
  readonly threads?: number | undefined;
  /** One device of its kind; default: all. */
  readonly deviceIndex?: number | undefined;
  /** How much idle threads of the CPU poll, 0 to 100. Default: they sleep. */
  readonly polling?: number;
}

/**
 * Loads ggml and initialises devices.
 * @throws SkeinError `bad-configuration` when they are missing, `engine-failed` when one computes
 *   wrong
 */
export async function openRuntime(
  choice: ConcreteDevice,
  options: RuntimeOptions = {},
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
  const ofKind = async (kind: ConcreteDevice): Promise<[DeviceHandle, ...DeviceHandle[]]> => {
    const [first, ...others] = listDevices(ggml).filter((device) => device.kind === kind);
    if (first === undefined) throw await missingDevice(kind, libraries);
    return [first, ...others];
  };
  const [cpu] = await ofKind('cpu');
  const picked = pickDevices(await ofKind(choice), options.deviceIndex);
  const accelerators = choice === 'cpu' ? [] : picked;
  const runtime = new Runtime(ggml, {
    accelerators,
    cpu,
    threads,
    ...(options.polling !== undefined && { polling: options.polling }),
  });
  if (runtime.usesCpuOnly) return runtime;
  const reference = new Runtime(ggml, { accelerators: [], cpu, threads });
  try {
    assertDevicesCompute(runtime, reference);
    return runtime;
  } catch (error) {
    runtime.stop();
    throw error;
  } finally {
    reference.stop();
  }
}

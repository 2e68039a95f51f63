/** The devices that a loaded ggml sees. */
import { type DeviceChoice, SkeinError } from '@skein/protocol';
import type { Device } from './c-types.js';
import { packagesFor } from './library-discovery.js';
import type { Ggml } from './load-ggml.js';

/** What a device is, for people and for the choice between several. */
export interface DeviceDescription {
  /** ggml's name: `CPU`, `CUDA0`, `Vulkan1`. */
  readonly name: string;
  /** The hardware's name. */
  readonly description: string;
  readonly kind: Exclude<DeviceChoice, 'auto'>;
  readonly memoryFreeBytes: number;
  readonly memoryTotalBytes: number;
}

/** A device in this process. */
export interface DeviceHandle extends DeviceDescription {
  readonly handle: Device;
}

/** Registry names of the backends that the engine knows. Others (`BLAS`, `RPC`) are not offered. */
const kindsByRegistry: Readonly<Record<string, DeviceDescription['kind']>> = {
  CPU: 'cpu',
  CUDA: 'cuda',
  Vulkan: 'vulkan',
  Metal: 'metal',
  MTL: 'metal',
};

/** Lists the devices that the loaded libraries see, in ggml's order. */
export function listDevices(ggml: Ggml): DeviceHandle[] {
  return Array.from({ length: ggml.backend_dev_count() }, (_, index) =>
    ggml.backend_dev_get(index),
  ).flatMap((handle) => {
    const kind = kindsByRegistry[ggml.backend_reg_name(ggml.backend_dev_backend_reg(handle))];
    if (kind === undefined) return [];
    const free = new BigUint64Array(1);
    const total = new BigUint64Array(1);
    ggml.backend_dev_memory(handle, free, total);
    return [
      {
        handle,
        kind,
        name: ggml.backend_dev_name(handle),
        description: ggml.backend_dev_description(handle).trim(),
        memoryFreeBytes: Number(free[0]),
        memoryTotalBytes: Number(total[0]),
      },
    ];
  });
}

/**
 * The device of a kind with the most free memory.
 * @throws SkeinError `bad-configuration` when the libraries see none
 */
export function pickDevice(ggml: Ggml, kind: DeviceDescription['kind']): DeviceHandle {
  const [best] = listDevices(ggml)
    .filter((device) => device.kind === kind)
    .sort((a, b) => b.memoryFreeBytes - a.memoryFreeBytes);
  if (best === undefined) {
    throw new SkeinError(
      'bad-configuration',
      `${ggml.libraries.name} is installed, but it sees no ${kind} device here.\n` +
        `1. Check that the driver works (${driverChecks[kind]}).\n` +
        '2. Or choose another device, for example: --device cpu',
      { details: { device: kind, packages: packagesFor(kind) } },
    );
  }
  return best;
}

const driverChecks: Readonly<Record<DeviceDescription['kind'], string>> = {
  cuda: 'nvidia-smi; the package needs the CUDA runtime libraries',
  vulkan: 'vulkaninfo --summary',
  metal: 'system_profiler SPDisplaysDataType',
  cpu: 'the libggml-cpu files must lie beside libggml-base',
};

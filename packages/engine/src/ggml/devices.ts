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
  /** Which of its kind, as `--device cuda:1` counts them. */
  readonly index: number;
  /** Shares the processor's memory, as graphics inside a processor do. */
  readonly isIntegrated: boolean;
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

/** `GGML_BACKEND_DEVICE_TYPE_IGPU` */
const integratedType = 2;

/** ggml schedules a graph on 16 devices at most, of which the CPU is one. */
const devicesMax = 15;

/** Lists the devices that the loaded libraries see, in ggml's order. */
export function listDevices(ggml: Ggml): DeviceHandle[] {
  const counts: Partial<Record<DeviceDescription['kind'], number>> = {};
  return Array.from({ length: ggml.backend_dev_count() }, (_, index) =>
    ggml.backend_dev_get(index),
  ).flatMap((handle) => {
    const kind = kindsByRegistry[ggml.backend_reg_name(ggml.backend_dev_backend_reg(handle))];
    if (kind === undefined) return [];
    const index = counts[kind] ?? 0;
    counts[kind] = index + 1;
    const free = new BigUint64Array(1);
    const total = new BigUint64Array(1);
    ggml.backend_dev_memory(handle, free, total);
    return [
      {
        handle,
        kind,
        index,
        isIntegrated: ggml.backend_dev_type(handle) === integratedType,
        name: ggml.backend_dev_name(handle),
        description: ggml.backend_dev_description(handle).trim(),
        memoryFreeBytes: Number(free[0]),
        memoryTotalBytes: Number(total[0]),
      },
    ];
  });
}

/**
 * Devices of a kind to compute on: the one that is named, else all; graphics inside the processor
 * only where there are no others, since they would slow these down.
 * @throws SkeinError `bad-configuration` when the libraries see none
 */
export function pickDevices(
  ggml: Ggml,
  kind: DeviceDescription['kind'],
  index?: number,
): [DeviceHandle, ...DeviceHandle[]] {
  const present = listDevices(ggml).filter((device) => device.kind === kind);
  const discrete = present.filter(({ isIntegrated }) => !isIntegrated);
  const unnamed = discrete.length > 0 ? discrete.slice(0, devicesMax) : present.slice(0, 1);
  const [first, ...others] =
    index === undefined ? unnamed : present.filter((device) => device.index === index);
  if (first !== undefined) return [first, ...others];
  const details = { device: kind, packages: packagesFor(kind) };
  if (present.length > 0) {
    const names = present.map((device) => `${kind}:${device.index} (${device.description})`);
    throw new SkeinError(
      'bad-configuration',
      `There is no device ${kind}:${index} here, but ${names.join(', ')}.`,
      { details },
    );
  }
  throw new SkeinError(
    'bad-configuration',
    `${ggml.libraries.name} is installed, but it sees no ${kind} device here.\n` +
      `1. Check that the driver works (${driverChecks[kind]}).\n` +
      '2. Or choose another device, for example: --device cpu',
    { details },
  );
}

const driverChecks: Readonly<Record<DeviceDescription['kind'], string>> = {
  cuda: 'nvidia-smi; the package needs the CUDA runtime libraries',
  vulkan: 'vulkaninfo --summary',
  metal: 'system_profiler SPDisplaysDataType',
  cpu: 'the libggml-cpu files must lie beside libggml-base',
};

/** The devices that a loaded ggml sees. */
import { type DeviceChoice, SkeinError } from '@skein/protocol';
import type { Device } from './c-types.js';
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
 * Devices of a kind to compute on, out of those that are there: the one that is named, else all;
 * graphics inside the processor only where there are no others, since they would slow these down.
 * @throws SkeinError `bad-configuration` when the named one is not among them
 */
export function pickDevices(
  present: readonly [DeviceHandle, ...(readonly DeviceHandle[])],
  index?: number,
): readonly DeviceHandle[] {
  const [{ kind }] = present;
  if (index !== undefined) {
    const named = present.find((device) => device.index === index);
    if (named !== undefined) return [named];
    const names = present.map((device) => `${kind}:${device.index} (${device.description})`);
    throw new SkeinError(
      'bad-configuration',
      `There is no device ${kind}:${index} here. There is: ${names.join(', ')}.`,
      { details: { device: kind } },
    );
  }
  const discrete = present.filter(({ isIntegrated }) => !isIntegrated);
  return discrete.length > 0 ? discrete.slice(0, devicesMax) : present.slice(0, 1);
}

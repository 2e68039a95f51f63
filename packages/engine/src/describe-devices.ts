import { EngineProcess } from './child/engine-process.js';
import { deviceCandidates } from './ggml/choose-device.js';
import type { DeviceDescription } from './ggml/devices.js';

/**
 * Lists the devices that the installed libraries see, each once. Every library is asked in a
 * process of its own; one that fails there contributes nothing.
 */
export async function describeDevices(): Promise<DeviceDescription[]> {
  const found = new Map<string, DeviceDescription>();
  for (const device of deviceCandidates('auto')) {
    const process = new EngineProcess();
    try {
      const { result } = await process.call<'devices'>({ call: 'devices', device });
      for (const each of result.devices) found.set(each.name, each);
    } catch {
      // A broken driver: the device is as good as absent.
    } finally {
      await process.stop();
    }
  }
  return [...found.values()];
}

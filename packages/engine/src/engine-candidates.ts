/** Which engines on which devices an owner would take, best first. */
import { type DeviceChoice, type EngineOptions, SkeinError } from '@skein/protocol';
import { deviceCandidates } from './ggml/choose-device.js';
import type { LoadRequest } from './load-computer.js';
import { backendCandidates } from './tfjs/backends.js';

/** One try: what to load, and what it is called when it is passed over. */
export interface EngineCandidate {
  readonly device: Exclude<DeviceChoice, 'auto'>;
  readonly request: LoadRequest;
}

type Request = Omit<EngineOptions, 'signal' | 'onProgress' | 'onFallback'>;

/** @throws SkeinError `bad-configuration` when what is asked for is not installed; `bad-argument` */
export function engineCandidates(
  options: Request,
): readonly [EngineCandidate, ...(readonly EngineCandidate[])] {
  const { engine = 'ggml', ...request } = options;
  switch (engine) {
    case 'ggml': {
      const [first, ...others] = deviceCandidates(options.device);
      const toCandidate = (device: EngineCandidate['device']): EngineCandidate => ({
        device,
        request: { ...request, engine, device },
      });
      if (first === undefined) throw new SkeinError('bad-configuration', 'There is no device.');
      return [toCandidate(first), ...others.map(toCandidate)];
    }
    case 'tfjs': {
      const [first, ...others] = backendCandidates(options.device);
      const toCandidate = ({ name, device }: (typeof others)[number]): EngineCandidate => ({
        device,
        request: { ...request, engine, device, backend: name },
      });
      return [toCandidate(first), ...others.map(toCandidate)];
    }
    default:
      throw new SkeinError('bad-argument', `There is no engine ${String(engine)}.`);
  }
}

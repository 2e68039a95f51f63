/** The engine in the calling process: for tests, and to measure what isolation costs. */
import { type Engine, type EngineOptions, SkeinError } from '@skein/protocol';
import { deviceCandidates } from './choose-device.js';
import { EngineCore } from './engine-core.js';

/**
 * Loads an engine into this process. It blocks the event loop while it computes, and an abort in
 * native code ends the process, so `onFailure` never fires. `auto` means the best installed device.
 */
export async function createInProcessEngine(options: EngineOptions): Promise<Engine> {
  const [device] = deviceCandidates(options.device);
  if (device === undefined) throw new SkeinError('bad-configuration', 'There is no device.');
  const core = await EngineCore.load({ ...options, device });
  let isStopped = false;
  const later = async <Result>(call: () => Result): Promise<Result> => {
    if (isStopped) throw new SkeinError('engine-failed', 'The engine was stopped.');
    return call();
  };
  return {
    info: core.info,
    get kvTokensFree() {
      return core.kvTokensFree;
    },
    openSession: (session, use) => core.openSession(session, use),
    closeSession: (session) => core.closeSession(session),
    length: (session) => core.length(session),
    step: (items) => later(() => core.step(items)),
    truncate: (session, position) => later(() => core.truncate(session, position)),
    exportKv: (session, range) => later(() => core.exportKv(session, range)),
    importKv: (session, chunk) => later(() => core.importKv(session, chunk)),
    setLength: (session, length) => later(() => core.setLength(session, length)),
    onFailure: () => {},
    stop: async () => {
      isStopped = true;
      core.stop();
    },
  };
}

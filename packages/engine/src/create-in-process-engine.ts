/** The engine in the calling process: for tests, and to measure what isolation costs. */
import type { Engine, EngineOptions } from '@skein/protocol';
import { EngineCore } from './core/engine-core.js';
import { engineCandidates } from './engine-candidates.js';
import { loadComputer } from './load-computer.js';

/**
 * Loads an engine into this process. It blocks the event loop while it computes, and an abort in
 * native code ends the process, so `onFailure` never fires. `auto` means the best installed device.
 * Errors: see `createEngine`.
 */
export async function createInProcessEngine(options: EngineOptions): Promise<Engine> {
  const [{ request }] = engineCandidates(options);
  const core = new EngineCore(await loadComputer({ ...options, ...request }));
  return {
    info: core.info,
    get kvTokensFree() {
      return core.kvTokensFree;
    },
    openSession: (session, use) => core.openSession(session, use),
    closeSession: (session) => core.closeSession(session),
    length: (session) => core.length(session),
    step: (items) => core.step(items),
    truncate: (session, position) => core.truncate(session, position),
    exportKv: (session, range) => core.exportKv(session, range),
    importKv: (session, chunk) => core.importKv(session, chunk),
    setLength: (session, length) => core.setLength(session, length),
    onFailure: () => {},
    stop: () => core.stop(),
  };
}

// The child process runs compiled code, so these tests take the package as its users do.
import { createEngine } from '@skein/engine';
import { type Engine, type EngineOptions, engineNames } from '@skein/protocol';
import { afterAll, describe } from 'vitest';
import { describeConcurrency } from './concurrency.js';
import type { EngineUnderTest } from './engine-under-test.js';
import { describeRefusals } from './refusals.js';

// Between the caller and the engine are a pipe and a mirror of its accounts: what depends on these.
describe.each(engineNames)('%s in a process of its own', (engine) => {
  const shared = new Map<string, Promise<Engine>>();

  const subject: Omit<EngineUnderTest, 'lend'> = {
    name: engine,
    description: /./,
    models: [],
    kvTypes: ['f32', 'f16'],
    weightTypes: ['keep'],
    cutModels: [],
  };

  async function lendNew<Result>(
    options: EngineOptions,
    use: (engine: Engine) => Promise<Result>,
  ): Promise<Result> {
    const created = await createEngine({ ...options, engine });
    try {
      return await use(created);
    } finally {
      await created.stop();
    }
  }

  /** One engine for all who want the same: no refused call may leave anything on it. */
  async function lendShared<Result>(
    options: EngineOptions,
    use: (engine: Engine) => Promise<Result>,
  ): Promise<Result> {
    const key = JSON.stringify(options);
    const loading = shared.get(key) ?? createEngine({ ...options, engine });
    shared.set(key, loading);
    return await use(await loading);
  }

  afterAll(async () => {
    for (const loading of shared.values()) await (await loading).stop();
  });

  describeConcurrency({ ...subject, lend: lendNew });
  describeRefusals({ ...subject, lend: lendShared });
});

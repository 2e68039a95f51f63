import { spawn } from 'node:child_process';
import { once } from 'node:events';
// The child process runs compiled code, so these tests take the package as its users do.
import { createEngine } from '@skein/engine';
import {
  type Engine,
  type EngineFailure,
  type EngineOptions,
  engineNames,
  isSkeinError,
} from '@skein/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createItem,
  exactOptions,
  fullLogits,
  hiddenF32,
  hiddenOf,
  logitsOf,
  noOutput,
  openSession,
  run,
} from '../support/engines.js';
import { readGolden } from '../support/golden.js';
import { argmax, relativeError } from '../support/numbers.js';

const golden = readGolden('llama2-f32');
const engines: Engine[] = [];

async function startEngine(changes: Partial<EngineOptions>) {
  const engine = (await createEngine(exactOptions(golden, changes))) as Engine & { pid: number };
  engines.push(engine);
  return engine;
}

/** The next event of a kind. */
function nextEvent(engine: Engine, kind: EngineFailure['kind']): Promise<EngineFailure> {
  return new Promise((resolve) => {
    engine.onFailure((event) => {
      if (event.kind === kind) resolve(event);
    });
  });
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop()));
});

describe.each(engineNames)('createEngine with %s', (name) => {
  const start = (changes: Partial<EngineOptions> = {}) => startEngine({ engine: name, ...changes });

  it('computes as the engine in this process does', async () => {
    const engine = await start();
    expect(engine.info.engine ?? 'ggml').toBe(name);
    const session = openSession(engine);
    const prompt = createItem(engine, session, golden.prompt, fullLogits('all'));
    const { logits } = logitsOf(await run(engine, prompt));
    expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
    expect(engine.length(session)).toBe(golden.prompt.length);
    expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax - golden.prompt.length);
    for (const [index, expected] of golden.greedy.slice(1, 8).entries()) {
      const input = Int32Array.of(golden.greedy[index] as number);
      const output = { kind: 'logits', rows: 'last', topK: 5 } as const;
      const top = logitsOf(await run(engine, createItem(engine, session, input, output)));
      expect(top.ids?.[0]).toBe(expected);
      const row = golden.greedyLogits[index + 1] as Float32Array;
      expect(top.logits[0]).toBeCloseTo(row[argmax(row)] as number, 3);
      const logNormaliser = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      expect(top.logNormalisers[0]).toBeCloseTo(logNormaliser, 3);
    }
    await engine.truncate(session, 3);
    expect(engine.length(session)).toBe(3);
    engine.closeSession(session);
    expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax);
    expect(() => engine.length(session)).toThrow('no session');
  });

  it('tells the logits of targets, whether or not they are among the best', async () => {
    const engine = await start();
    const input = golden.prompt.subarray(0, -1);
    const targets = golden.prompt.subarray(1);
    const output = { kind: 'logits', rows: 'all', topK: 2, targets } as const;
    const session = openSession(engine);
    const { targetLogits, ids } = logitsOf(
      await run(engine, createItem(engine, session, input, output)),
    );
    const expected = Float32Array.from(
      targets,
      (token, row) => golden.logits[row * golden.vocabSize + token] as number,
    );
    expect(ids).toHaveLength(2 * input.length);
    expect(relativeError(targetLogits as Float32Array, expected)).toBeLessThan(1e-4);
    for (const bad of [targets.subarray(1), Int32Array.from(targets, () => golden.vocabSize)]) {
      const item = createItem(engine, session, input, { ...output, targets: bad });
      const { outcomes } = await engine.step([item]);
      expect(outcomes).toMatchObject([{ ok: false, error: { code: 'bad-argument' } }]);
    }
  });

  it('moves a cache to another engine', async () => {
    const [source, target] = [await start(), await start()];
    const from = openSession(source);
    await run(source, createItem(source, from, golden.prompt, noOutput));
    const to = openSession(target);
    const end = golden.prompt.length;
    for (let block = 0; block < golden.blockCount; block += 1) {
      await target.importKv(to, await source.exportKv(from, { block, start: 0, end }));
    }
    await target.setLength(to, end);
    const input = Int32Array.of(golden.greedy[0] as number);
    const [moved, stayed] = [
      hiddenOf(await run(target, createItem(target, to, input, hiddenF32))),
      hiddenOf(await run(source, createItem(source, from, input, hiddenF32))),
    ];
    expect(moved).toEqual(stayed);
  });

  it('reports a batch of which one item fails', async () => {
    const engine = await start({ kvTokensMax: 40 });
    const [first, second] = [openSession(engine), openSession(engine)];
    const { outcomes } = await engine.step([
      createItem(engine, first, golden.prompt, noOutput),
      createItem(engine, second, golden.prompt, noOutput),
    ]);
    expect(outcomes[0]).toEqual({ ok: true, output: { kind: 'none' } });
    const refused = outcomes[1];
    expect(refused?.ok).toBe(false);
    expect(refused?.ok === false && isSkeinError(refused.error) && refused.error.code).toBe(
      'kv-full',
    );
  });

  it.skipIf(process.platform === 'win32')(
    'fails typed when its process is killed, and starts again',
    async () => {
      const engine = await start();
      const session = openSession(engine);
      await run(engine, createItem(engine, session, golden.prompt, noOutput));
      const failed = nextEvent(engine, 'failed');
      const restarted = nextEvent(engine, 'restarted');
      process.kill(engine.pid, 'SIGSTOP');
      const pending = engine.step([createItem(engine, session, golden.prompt, noOutput)]);
      process.kill(engine.pid, 'SIGKILL');
      await expect(pending).rejects.toMatchObject({ code: 'engine-failed' });
      expect(await failed).toMatchObject({ kind: 'failed', lostSessions: [session] });
      expect(engine.kvTokensFree).toBe(0);
      expect(() => openSession(engine)).toThrow('started again');
      await restarted;
      const again = openSession(engine);
      const item = createItem(engine, again, golden.prompt, fullLogits('all'));
      const { logits } = logitsOf(await run(engine, item));
      expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
    },
  );

  // On a machine that is busy with other things a process may take longer to start.
  it.skipIf(process.platform === 'win32').each(['SIGABRT', 'SIGSEGV'] as const)(
    'tells of a %s within a second, and is back within five',
    { retry: 2 },
    async (signal) => {
      const engine = await start();
      const session = openSession(engine);
      const [failed, restarted] = [nextEvent(engine, 'failed'), nextEvent(engine, 'restarted')];
      const steps = Array.from({ length: 20 }, () =>
        engine.step([createItem(engine, session, golden.prompt, noOutput)]),
      );
      const killedAt = performance.now();
      process.kill(engine.pid, signal);
      const settled = Promise.allSettled(steps);
      expect(await failed).toMatchObject({
        error: { code: 'engine-failed', message: expect.stringContaining(signal) as string },
        lostSessions: [session],
      });
      // Whatever was under way knows it as well.
      const last = (await settled).at(-1);
      expect(last).toMatchObject({ status: 'rejected', reason: { code: 'engine-failed' } });
      expect(performance.now() - killedAt).toBeLessThan(1_000);
      const event = await restarted;
      expect(performance.now() - killedAt).toBeLessThan(5_000);
      expect(event.kind === 'restarted' && event.elapsedMs).toBeLessThan(5_000);
      const item = createItem(engine, openSession(engine), golden.prompt, fullLogits('all'));
      const { logits } = logitsOf(await run(engine, item));
      expect(relativeError(logits, golden.logits)).toBeLessThan(1e-4);
      expect(engine.kvTokensFree).toBe(engine.info.kvTokensMax - golden.prompt.length);
    },
  );

  it.skipIf(process.platform === 'win32')('gives up after a bounded number of deaths', async () => {
    const engine = await start();
    const gaveUp = nextEvent(engine, 'gave-up');
    engine.onFailure((event) => {
      if (event.kind === 'restarted') process.kill(engine.pid, 'SIGABRT');
    });
    process.kill(engine.pid, 'SIGABRT');
    expect(await gaveUp).toMatchObject({ kind: 'gave-up', error: { code: 'engine-failed' } });
    await expect(engine.step([])).rejects.toMatchObject({ code: 'engine-failed' });
  });

  it.skipIf(process.platform === 'win32')('ends with its owner, however that dies', async () => {
    const options = JSON.stringify(exactOptions(golden, { engine: name }));
    const program = `
      const { createEngine } = await import(${JSON.stringify(import.meta.resolve('@skein/engine'))});
      const engine = await createEngine(${options});
      console.log(engine.pid);
    `;
    const owner = spawn(process.execPath, ['--input-type=module', '-e', program]);
    const [line] = (await once(owner.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    expect(() => process.kill(pid, 0)).not.toThrow();
    owner.kill('SIGKILL');
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'), 10_000);
  });

  it('refuses what it cannot load, with the reason', async () => {
    await expect(start({ modelPath: '/nowhere' })).rejects.toMatchObject({ code: 'model-unknown' });
    await expect(start({ span: { start: 0, end: 99 } })).rejects.toMatchObject({
      code: 'bad-argument',
    });
    await expect(start({ kvTokensMax: -1 })).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('stops loading when it is told to', async () => {
    const abort = new AbortController();
    const loading = start({ signal: abort.signal });
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'aborted' });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// The child process runs compiled code, so these tests take the package as its users do.
import { createEngine, inspectDevices } from '@skein/engine';
import { type Engine, type EngineFailure, isSkeinError } from '@skein/protocol';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
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

async function start(changes: Parameters<typeof exactOptions>[1] = {}) {
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

describe('createEngine', () => {
  it('computes as the engine in this process does', async () => {
    const engine = await start();
    expect(engine.info.description).toMatch(/^ggml \S+ CPU/);
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
    const options = JSON.stringify(exactOptions(golden));
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
    await expect(start({ threads: 0 })).rejects.toMatchObject({ code: 'bad-argument' });
  });

  it('says that a platform cannot have a device', async () => {
    const device = process.platform === 'darwin' ? 'cuda' : 'metal';
    await expect(start({ device })).rejects.toMatchObject({
      code: 'bad-configuration',
      message: expect.stringMatching(/no prebuilt ggml for the device.*--device cpu/s) as string,
    });
  });

  it('stops loading when it is told to', async () => {
    const abort = new AbortController();
    const loading = start({ signal: abort.signal });
    abort.abort();
    await expect(loading).rejects.toMatchObject({ code: 'aborted' });
  });

  it('refuses calls once it was stopped', async () => {
    const engine = await start();
    const session = openSession(engine);
    const item = createItem(engine, session, golden.prompt, noOutput);
    await engine.stop();
    await engine.stop();
    await expect(engine.step([item])).rejects.toMatchObject({ code: 'engine-failed' });
  });
});

describe('a device that was chosen by itself', () => {
  it('is given up for the next one, and the owner is told', async () => {
    const [{ folder }] = findLibraries('cpu') as [GgmlLibraries];
    process.env.SKEIN_GGML_LIBRARIES = folder;
    const passedOver: string[] = [];
    try {
      const onFallback = (device: string) => passedOver.push(device);
      const engine = await start({ device: 'auto', onFallback });
      expect(engine.info.device).toBe('cpu');
    } finally {
      delete process.env.SKEIN_GGML_LIBRARIES;
    }
    expect(passedOver).toEqual(['cuda', 'metal', 'vulkan']);
  });
});

describe('inspectDevices', () => {
  it('finds the CPU at work', async () => {
    const reports = await inspectDevices();
    const cpu = reports.find(({ kind }) => kind === 'cpu');
    expect(cpu).toMatchObject({ problem: null, devices: [{ name: 'CPU' }] });
    expect(cpu?.devices[0]?.memoryTotalBytes).toBeGreaterThan(0);
    expect(cpu?.libraries?.name).toContain('@node-llama-cpp/');
  });

  it('says what keeps an installed backend from loading', async () => {
    const [{ folder }] = findLibraries('cpu') as [GgmlLibraries];
    const build = await mkdtemp(join(tmpdir(), 'skein-ggml-'));
    const files = await readdir(folder);
    await Promise.all(files.map((file) => symlink(join(folder, file), join(build, file))));
    await writeFile(join(build, 'libggml-vulkan.so'), 'no library');
    process.env.SKEIN_GGML_LIBRARIES = build;
    try {
      const reports = await inspectDevices();
      const problemOf = (kind: string) => reports.find((report) => report.kind === kind)?.problem;
      expect(problemOf('cpu')).toBeNull();
      expect(problemOf('vulkan')).toContain('libggml-vulkan.so does not load');
      expect(problemOf('cuda')).toContain('without it');
    } finally {
      delete process.env.SKEIN_GGML_LIBRARIES;
      await rm(build, { recursive: true });
    }
  });
});

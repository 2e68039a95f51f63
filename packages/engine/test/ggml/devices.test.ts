import type { KvChunk } from '@skein/protocol';
import { createSessionId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { EngineCore } from '../../src/core/engine-core.js';
import { listDevices, pickDevice } from '../../src/ggml/devices.js';
import { GgmlComputer } from '../../src/ggml/ggml-computer.js';
import type { KvCache } from '../../src/ggml/kv-cache.js';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
import { loadGgml } from '../../src/ggml/load-ggml.js';
import type { LoadOverrides } from '../../src/ggml/load-model.js';
import { Runtime } from '../../src/ggml/runtime.js';
import { assertDeviceComputes } from '../../src/ggml/self-test.js';
import { exactOptions, fullLogits, logitsOf, outputOf } from '../support/engines.js';
import { type Golden, readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';

const [libraries] = findLibraries('cpu') as [GgmlLibraries];
const golden = readGolden('llama2-f32');

/** The CPU, treated as a device beside the CPU: what a GPU goes through, without having one. */
async function createScheduledRuntime(): Promise<Runtime> {
  const ggml = await loadGgml(libraries);
  const cpu = pickDevice(ggml, 'cpu');
  return new Runtime(ggml, { device: { ...cpu, kind: 'vulkan' }, cpu, threads: 1 });
}

async function loadCore(
  overrides: LoadOverrides,
  options: Parameters<typeof exactOptions>[1] = {},
  model: Golden = golden,
): Promise<EngineCore<KvCache>> {
  const request = { ...exactOptions(model, options), device: 'cpu' } as const;
  return new EngineCore(await GgmlComputer.load(request, overrides));
}

async function computeLogits(
  core: EngineCore<KvCache>,
  model: Golden = golden,
): Promise<Float32Array> {
  const session = createSessionId();
  core.openSession(session, core.info);
  const tokens = model.prompt;
  const { outcomes } = await core.step([
    {
      session,
      position: 0,
      rows: tokens.length,
      input: { kind: 'tokens', tokens },
      output: fullLogits('all'),
    },
  ]);
  return logitsOf(outputOf(outcomes[0])).logits;
}

describe('devices', () => {
  it('are listed with their memory', async () => {
    const devices = listDevices(await loadGgml(libraries));
    const cpu = devices.find(({ kind }) => kind === 'cpu');
    expect(cpu?.memoryTotalBytes).toBeGreaterThan(0);
  });

  it('that are not there are named, with a way out', async () => {
    const ggml = await loadGgml(libraries);
    expect(() => pickDevice(ggml, 'cuda')).toThrow('--device cpu');
  });

  it('beside the CPU are scheduled, and pass the self-test', async () => {
    const ggml = await loadGgml(libraries);
    const cpu = pickDevice(ggml, 'cpu');
    const runtime = await createScheduledRuntime();
    const reference = new Runtime(ggml, { device: cpu, cpu, threads: 1 });
    assertDeviceComputes(runtime, reference);
    reference.stop();
    const core = await loadCore({ runtime });
    expect(relativeError(await computeLogits(core), golden.logits)).toBeLessThan(1e-4);
    await core.stop();
  });

  it('without a fused attention compute it in primitives', async () => {
    const others = [
      'mistral-swa-f32',
      'qwen3-qknorm-f32',
      'gemma2-f32',
      'gemma3-f32',
      'gptoss-mxfp4-gguf',
    ];
    for (const model of [golden, ...others.map(readGolden)]) {
      const core = await loadCore({ attention: 'plain' }, {}, model);
      expect(relativeError(await computeLogits(core, model), model.logits)).toBeLessThan(1e-4);
      await core.stop();
    }
  });

  it('that cannot hold the logits of all rows compute them in pieces', async () => {
    const core = await loadCore({ headRowsMax: 5 });
    expect(relativeError(await computeLogits(core), golden.logits)).toBeLessThan(1e-4);
    await core.stop();
  });

  it('convert imported caches to the type of their own', async () => {
    const from = await loadCore({}, { kvType: 'f32' });
    const to = await loadCore({}, { kvType: 'f16' });
    const back = await loadCore({}, { kvType: 'f32' });
    const session = createSessionId();
    for (const core of [from, to, back]) core.openSession(session, core.info);
    const keys = Float32Array.from({ length: 64 }, (_, index) => index - 32);
    const bytes = new Uint8Array(keys.buffer);
    const chunk: KvChunk = {
      block: 0,
      position: 0,
      count: 64 / (from.info.config.kvHeadCount * from.info.config.headDim),
      type: 'f32',
      keys: bytes,
      values: bytes,
    };
    for (let block = 0; block < golden.blockCount; block += 1)
      await to.importKv(session, { ...chunk, block });
    await to.setLength(session, chunk.count);
    const half = await to.exportKv(session, { block: 1, start: 0, end: chunk.count });
    expect(half.keys.length).toBe(128);
    for (let block = 0; block < golden.blockCount; block += 1)
      await back.importKv(session, { ...half, block });
    await back.setLength(session, chunk.count);
    const whole = await back.exportKv(session, { block: 2, start: 0, end: chunk.count });
    expect(whole.values).toEqual(bytes);
    for (const core of [from, to, back]) await core.stop();
  });
});

import { createSessionId, type EngineOptions } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { EngineCore } from '../../src/core/engine-core.js';
import { type DeviceHandle, listDevices, pickDevices } from '../../src/ggml/devices.js';
import { GgmlComputer } from '../../src/ggml/ggml-computer.js';
import type { KvCache } from '../../src/ggml/kv-cache.js';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
import { loadGgml } from '../../src/ggml/load-ggml.js';
import type { LoadOverrides } from '../../src/ggml/load-model.js';
import { Runtime } from '../../src/ggml/runtime.js';
import { assertDevicesCompute } from '../../src/ggml/self-test.js';
import { exactOptions, fullLogits, logitsOf, outputOf } from '../support/engines.js';
import { type Golden, readGolden } from '../support/golden.js';
import { relativeError } from '../support/numbers.js';

const [libraries] = findLibraries('cpu') as [GgmlLibraries];
const golden = readGolden('llama2-f32');

async function findCpu(): Promise<DeviceHandle> {
  const devices = listDevices(await loadGgml(libraries));
  return devices.find(({ kind }) => kind === 'cpu') as DeviceHandle;
}

/** The CPU, treated as devices beside the CPU: what GPUs go through, without having one. */
async function createScheduledRuntime(count = 1): Promise<Runtime> {
  const ggml = await loadGgml(libraries);
  const cpu = await findCpu();
  const accelerators = new Array<DeviceHandle>(count).fill({ ...cpu, kind: 'vulkan' });
  return new Runtime(ggml, { accelerators, cpu, threads: 1 });
}

async function loadCore(
  overrides: LoadOverrides,
  model: Golden = golden,
  changes: Partial<EngineOptions> = {},
): Promise<EngineCore<KvCache>> {
  const request = { ...exactOptions(model), ...changes, device: 'cpu' } as const;
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

  it('that are not there are named, with those that are', async () => {
    const cpu = await findCpu();
    const gpu = { ...cpu, kind: 'cuda' as const, description: 'A GPU' };
    expect(() => pickDevices([gpu], 3)).toThrow('no device cuda:3 here. There is: cuda:0 (A GPU)');
  });

  it('are all of a kind, unless one is named', async () => {
    const cpu = await findCpu();
    const gpus = [0, 1].map((index) => ({ ...cpu, kind: 'cuda' as const, index }));
    const [first, second] = gpus as [DeviceHandle, DeviceHandle];
    expect(pickDevices([first, second])).toEqual([first, second]);
    expect(pickDevices([first, second], 1)).toEqual([second]);
  });

  it('inside the processor are used where there are no others', async () => {
    const cpu = await findCpu();
    const inside = { ...cpu, kind: 'vulkan' as const, isIntegrated: true };
    const card = { ...inside, isIntegrated: false, index: 1 };
    expect(pickDevices([inside, card])).toEqual([card]);
    expect(pickDevices([inside])).toEqual([inside]);
    expect(pickDevices([inside, card], 0)).toEqual([inside]);
  });

  it('beside the CPU are scheduled, and pass the self-test', async () => {
    const ggml = await loadGgml(libraries);
    const cpu = await findCpu();
    const runtime = await createScheduledRuntime();
    const reference = new Runtime(ggml, { accelerators: [], cpu, threads: 1 });
    assertDevicesCompute(runtime, reference);
    reference.stop();
    const core = await loadCore({ runtime });
    expect(relativeError(await computeLogits(core), golden.logits)).toBeLessThan(1e-4);
    await core.stop();
  });

  it('share the blocks of a model, and leave to the CPU what they do not hold', async () => {
    const runtime = await createScheduledRuntime(2);
    const core = await loadCore({ runtime }, golden, { deviceBlocksMax: 3 });
    expect(core.info.placements?.map(({ span }) => span)).toEqual([
      { start: 0, end: 1 },
      { start: 1, end: 3 },
      { start: 3, end: 4 },
    ]);
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
      const core = await loadCore({ attention: 'plain' }, model);
      expect(relativeError(await computeLogits(core, model), model.logits)).toBeLessThan(1e-4);
      await core.stop();
    }
  });

  it('that cannot hold the logits of all rows compute them in pieces', async () => {
    const core = await loadCore({ headRowsMax: 5 });
    expect(relativeError(await computeLogits(core), golden.logits)).toBeLessThan(1e-4);
    await core.stop();
  });
});

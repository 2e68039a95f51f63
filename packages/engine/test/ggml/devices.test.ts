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
  model: Golden = golden,
): Promise<EngineCore<KvCache>> {
  const request = { ...exactOptions(model), device: 'cpu' } as const;
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

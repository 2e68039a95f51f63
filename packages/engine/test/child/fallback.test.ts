import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// The child process runs compiled code, so these tests take the package as its users do.
import { createEngine, inspectDevices } from '@skein/engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findLibraries } from '../../src/ggml/library-discovery.js';
import { exactOptions } from '../support/engines.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('llama2-f32');
const hasVulkan = process.platform === 'linux' && findLibraries('vulkan').length > 0;
if (!hasVulkan) console.log('Vulkan: skipped, no package with ggml for Vulkan is installed here.');

/** What became of a choice by itself, and what its owner was told. */
async function startAuto() {
  const told: string[] = [];
  const onFallback = (device: string, { message }: Error) => told.push(`${device}: ${message}`);
  const engine = await createEngine(exactOptions(golden, { device: 'auto', onFallback }));
  const { device } = engine.info;
  await engine.stop();
  return { device, told: told.join('\n') };
}

// Engines run in processes of their own, which inherit this one's environment.
describe.skipIf(!hasVulkan)('a machine on which Vulkan does not work', () => {
  const environment = { ...process.env };
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'skein-vulkan-'));
    await writeFile(join(folder, 'libvulkan.so.1'), 'no library');
    await writeFile(
      join(folder, 'driver.json'),
      JSON.stringify({
        file_format_version: '1.0.0',
        ICD: { library_path: join(folder, 'missing.so'), api_version: '1.3.0' },
      }),
    );
  });
  afterEach(() => {
    for (const name of ['LD_LIBRARY_PATH', 'VK_DRIVER_FILES']) {
      if (environment[name] === undefined) delete process.env[name];
      else process.env[name] = environment[name];
    }
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('computes on the CPU where the loader is broken, and says why', async () => {
    process.env.LD_LIBRARY_PATH = folder;
    const { device, told } = await startAuto();
    expect(device).toBe('cpu');
    expect(told).toMatch(
      /vulkan: No vulkan device can be used here.*libvulkan\.so\.1.*skein doctor/s,
    );
  });

  it('computes on the CPU where there is no driver, and says so', async () => {
    process.env.VK_DRIVER_FILES = join(folder, 'driver.json');
    const { device, told } = await startAuto();
    expect(device).toBe('cpu');
    expect(told).toMatch(/vulkan: No vulkan device can be used here.*--device cpu/s);
  });

  it('refuses Vulkan where it was asked for by name', async () => {
    process.env.LD_LIBRARY_PATH = folder;
    await expect(createEngine(exactOptions(golden, { device: 'vulkan' }))).rejects.toMatchObject({
      code: 'bad-configuration',
      message: expect.stringContaining('libvulkan.so.1') as string,
    });
  });

  it('is told by the doctor what is missing', async () => {
    process.env.LD_LIBRARY_PATH = folder;
    const reports = await inspectDevices();
    const vulkan = reports.find(({ kind }) => kind === 'vulkan');
    expect(vulkan).toMatchObject({ devices: [], selfTestMs: null });
    expect(vulkan?.problem).toContain('libvulkan.so.1');
  });
});

import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// The child process runs compiled code, so these tests take the package as its users do.
import { createEngine, inspectDevices } from '@skein/engine';
import { describe, expect, it } from 'vitest';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
import { exactOptions } from '../support/engines.js';
import { readGolden } from '../support/golden.js';

const golden = readGolden('llama2-f32');

describe('a device that cannot be', () => {
  it('says that a platform cannot have a device', async () => {
    const device = process.platform === 'darwin' ? 'cuda' : 'metal';
    await expect(createEngine(exactOptions(golden, { device }))).rejects.toMatchObject({
      code: 'bad-configuration',
      message: expect.stringMatching(/no prebuilt ggml for the device.*--device cpu/s) as string,
    });
  });
});

describe('a device that was chosen by itself', () => {
  it('is given up for the next one, and the owner is told', async () => {
    const [{ folder }] = findLibraries('cpu') as [GgmlLibraries];
    process.env.SKEIN_GGML_LIBRARIES = folder;
    const passedOver: string[] = [];
    try {
      const onFallback = (device: string) => passedOver.push(device);
      const engine = await createEngine(exactOptions(golden, { device: 'auto', onFallback }));
      expect(engine.info.device).toBe('cpu');
      await engine.stop();
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

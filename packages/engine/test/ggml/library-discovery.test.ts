import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  findLibraries,
  installCommand,
  missingLibraries,
  packagesFor,
} from '../../src/ggml/library-discovery.js';

const { optionalDependencies } = createRequire(import.meta.url)('../../package.json') as {
  optionalDependencies: Readonly<Record<string, string>>;
};
const here = { platform: process.platform, arch: process.arch };

function pretend(machine: { platform: string; arch: string }): void {
  for (const [name, value] of Object.entries(machine)) {
    Object.defineProperty(process, name, {
      ...Object.getOwnPropertyDescriptor(process, name),
      value,
    });
  }
}

afterEach(() => {
  pretend(here);
  delete process.env.SKEIN_GGML_LIBRARIES;
});

describe('packages with ggml', () => {
  it.each([
    ['linux', 'x64', 'linux-x64'],
    ['linux', 'arm64', 'linux-arm64'],
    ['darwin', 'arm64', 'mac-arm64-metal'],
    ['darwin', 'x64', 'mac-x64'],
    ['win32', 'x64', 'win-x64'],
    ['win32', 'arm64', 'win-arm64'],
  ])('for the CPU come along on %s %s', (platform, arch, expected) => {
    pretend({ platform, arch });
    const [best = ''] = packagesFor('cpu');
    expect(best).toBe(`@node-llama-cpp/${expected}`);
    expect(optionalDependencies[best]).toMatch(/^\d+\.\d+\.\d+$/);
    expect(installCommand(best)).toContain(`${best}@${optionalDependencies[best]}`);
  });

  it.each([
    ['linux', 'x64', 'vulkan', '@node-llama-cpp/linux-x64-vulkan'],
    ['win32', 'x64', 'vulkan', '@node-llama-cpp/win-x64-vulkan'],
    ['darwin', 'arm64', 'metal', '@node-llama-cpp/mac-arm64-metal'],
  ] as const)('for GPUs come along on %s %s with %s', (platform, arch, device, expected) => {
    pretend({ platform, arch });
    expect(packagesFor(device)[0]).toBe(expected);
    expect(optionalDependencies[expected]).toBeDefined();
  });

  it('are none where nobody publishes any, and the way out is told', () => {
    pretend({ platform: 'freebsd', arch: 'x64' });
    expect(packagesFor('cpu')).toEqual([]);
    expect(missingLibraries('cpu').message).toContain('SKEIN_GGML_LIBRARIES');
  });
});

describe('a build of ggml', () => {
  it.each([
    ['as llama.cpp builds it on Linux', 'libggml-base.so', 'libggml.so'],
    ['with its version in the name', 'libggml-base.so', 'libggml.v0.5.0.so'],
    ['with a build number in the name', 'libggml-base.so', 'libggml.b6673.so'],
    ['with its device and version in the name', 'libggml-base.so', 'libggml.vulkan.v0.5.0.so'],
    ['on macOS', 'libggml-base.dylib', 'libggml.metal.b6673.dylib'],
    ['on Windows', 'ggml-base.dll', 'ggml.dll'],
  ])('is found %s', async (_what, base, registry) => {
    const folder = await mkdtemp(join(tmpdir(), 'skein-build-'));
    try {
      for (const name of [base, registry, 'libggml-cpu-x64.so', 'libllama.v0.5.0.so']) {
        await writeFile(join(folder, name), '');
      }
      process.env.SKEIN_GGML_LIBRARIES = folder;
      expect(findLibraries('cpu')).toEqual([
        { name: folder, folder, base: join(folder, base), registry: join(folder, registry) },
      ]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

import type { DeviceReport } from '@skein/engine';
import { describe, expect, it } from 'vitest';
import { adviceFor } from '../../src/cli/device-advice.js';

function report(changes: Partial<DeviceReport>): DeviceReport {
  return {
    kind: 'vulkan',
    packages: ['@node-llama-cpp/linux-x64-vulkan'],
    libraries: { name: '@node-llama-cpp/linux-x64-vulkan', version: '3.22.1' },
    ggmlVersion: '0.25.1',
    devices: [],
    selfTestMs: null,
    problem: null,
    ...changes,
  };
}

describe('adviceFor', () => {
  it('has none for a device that works', () => {
    expect(adviceFor(report({ selfTestMs: 12 }))).toEqual([]);
  });

  it('installs what is not there', () => {
    const [advice] = adviceFor(report({ libraries: null }));
    expect(advice).toMatch(/^pnpm --filter @skein\/engine add @node-llama-cpp\/linux-x64-vulkan/);
  });

  it.each([
    ['libvulkan.so.1: cannot open shared object file', 'libvulkan1'],
    ['libcuda.so.1: cannot open shared object file', 'nvidia-smi'],
    ['libcudart.so.13: cannot open shared object file', '-cuda-ext'],
    ['libcublas.so.12: cannot open shared object file', 'CUDA 12'],
    ['it sees no such device here', 'vulkaninfo'],
    ['it sees no such device here', 'mesa-vulkan-drivers'],
  ])('knows what to do about %s', (problem, expected) => {
    expect(adviceFor(report({ problem })).join()).toContain(expected);
  });

  it('invents nothing', () => {
    expect(adviceFor(report({ problem: 'this build of ggml is without it' }))).toEqual([]);
  });
});

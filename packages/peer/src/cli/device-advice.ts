import { type DeviceReport, installCommand } from '@skein/engine';

/** What the loader says when a library is missing, and what brings it. */
const missingLibraryAdvice: readonly [RegExp, string][] = [
  [
    /libvulkan\.so|vulkan-1\.dll/,
    'the Vulkan loader is missing: apt-get install libvulkan1, dnf install vulkan-loader; ' +
      'on Windows it comes with the GPU’s driver',
  ],
  [/libcuda\.so|nvcuda\.dll/, 'NVIDIA’s driver is missing: `nvidia-smi` must list the GPU first'],
  [
    /lib(cudart|cublas)\S*\.so\.12|cudart64_12/,
    'the CUDA 12 runtime is missing: install cuda-libraries-12-9 of NVIDIA’s repository',
  ],
  [
    /lib(cudart|cublas)\S*\.so|cudart64|cublas64/,
    'the CUDA 13 runtime is missing: install cuda-libraries-13-0 of NVIDIA’s repository, ' +
      'or use the package that ends in -cuda-ext, which needs CUDA 12',
  ],
];

/** What brings a driver where a library that loads sees no device, and how to check it. */
const driverAdvice: Readonly<Record<DeviceReport['kind'], readonly string[]>> = {
  cuda: ['install NVIDIA’s driver, or load it; this must list the GPU: nvidia-smi'],
  vulkan: [
    'AMD and Intel: apt-get install mesa-vulkan-drivers, dnf install mesa-vulkan-drivers; ' +
      'NVIDIA: the driver of the distribution',
    'check the driver: vulkaninfo --summary (apt-get install vulkan-tools)',
  ],
  metal: ['check the GPU: system_profiler SPDisplaysDataType'],
  cpu: ['install the packages again: the libggml-cpu files must lie beside libggml-base'],
};

/** What to do, as sentences, for a kind of device that does not work; empty for one that does. */
export function adviceFor(report: DeviceReport): string[] {
  const [best] = report.packages;
  if (report.libraries === null) return best === undefined ? [] : [installCommand(best)];
  const { problem } = report;
  if (problem === null) return [];
  const missing = missingLibraryAdvice.find(([pattern]) => pattern.test(problem));
  if (missing !== undefined) return [missing[1]];
  return problem.includes('no such device') ? [...driverAdvice[report.kind]] : [];
}

/**
 * The backends of TensorFlow.js that this machine could compute on. None is loaded, and no package
 * of TensorFlow.js either, before one was chosen.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { type DeviceChoice, SkeinError } from '@skein/protocol';

/** Names that {@link backendVariable} takes. */
const backendNames = ['node-gpu', 'node', 'webgpu', 'wasm', 'cpu'] as const;
export type BackendName = (typeof backendNames)[number];

/** When set, only this backend is considered, whatever the device. */
export const backendVariable = 'SKEIN_TFJS_BACKEND';

/** A backend and the package that brings it. */
export interface BackendDescription {
  readonly name: BackendName;
  readonly package: string;
  /** The devices of the contract that it stands for; the first is what it reports. */
  readonly devices: readonly [
    Exclude<DeviceChoice, 'auto'>,
    ...(readonly Exclude<DeviceChoice, 'auto'>[]),
  ];
}

/** Best first. */
export const backends: readonly BackendDescription[] = [
  { name: 'node-gpu', package: '@tensorflow/tfjs-node-gpu', devices: ['cuda'] },
  { name: 'webgpu', package: '@tensorflow/tfjs-backend-webgpu', devices: ['vulkan', 'metal'] },
  { name: 'node', package: '@tensorflow/tfjs-node', devices: ['cpu'] },
  { name: 'wasm', package: '@tensorflow/tfjs-backend-wasm', devices: ['cpu'] },
  { name: 'cpu', package: '@tensorflow/tfjs-backend-cpu', devices: ['cpu'] },
];

/** A backend to try, and the device that it then is. */
export interface BackendCandidate {
  readonly name: BackendName;
  readonly device: Exclude<DeviceChoice, 'auto'>;
}

/**
 * Backends to try for a device, best first: those whose packages are installed.
 * @throws SkeinError `bad-configuration` when none is
 */
export function backendCandidates(
  choice: DeviceChoice,
): readonly [BackendCandidate, ...(readonly BackendCandidate[])] {
  const forced = process.env[backendVariable];
  const fitting = backends.filter(({ name, devices }) =>
    forced === undefined ? choice === 'auto' || devices.includes(choice) : name === forced,
  );
  const [first, ...others] = fitting
    .filter((backend) => findPackage(backend.package) !== null)
    .map(({ name, devices }): BackendCandidate => {
      const named = devices.find((device) => device === choice);
      return { name, device: named ?? devices[0] };
    });
  if (first === undefined) throw missingBackend(choice, fitting);
  return [first, ...others];
}

/** The file that a package's name stands for: here, or where the program was started; or null. */
export function findPackage(packageName: string): string | null {
  for (const from of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      return createRequire(from).resolve(packageName);
    } catch {
      // It may be in the other place.
    }
  }
  return null;
}

/** The version that Skein is written for, of all packages of TensorFlow.js. */
const packageVersion = '4.22.0';

/** The command that installs a backend, and what it needs besides. */
export function installBackend(name: BackendName): string {
  const { package: packageName } = backends.find((each) => each.name === name) ?? { package: '' };
  const besides = name === 'webgpu' ? ' webgpu' : '';
  return `npm install ${packageName}@${packageVersion}${besides}`;
}

function missingBackend(choice: DeviceChoice, fitting: readonly BackendDescription[]): SkeinError {
  const wanted = fitting.map((backend) => backend.package);
  const commands = fitting.map((backend) => installBackend(backend.name));
  const forced = process.env[backendVariable];
  const what = forced === undefined ? `the device ${choice}` : `${backendVariable}=${forced}`;
  const wayOut =
    wanted.length === 0
      ? `Known backends: ${backendNames.join(', ')}.`
      : `1. Install one of: ${commands.join(' or ')}\n` +
        '2. Or take another device or engine, for example: --device cpu, --engine ggml';
  return new SkeinError(
    'bad-configuration',
    `No backend of TensorFlow.js is installed for ${what}.\n${wayOut}`,
    { details: { device: choice, packages: wanted } },
  );
}

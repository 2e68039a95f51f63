/**
 * @module @skein/engine
 *
 * Transformer blocks on ggml: numbers in, numbers out. It knows no network.
 *
 * ```ts
 * const engine = await createEngine({
 *   modelPath: 'models/tiny-tales',
 *   span: { start: 0, end: 4 },
 *   ends: { embedding: true, head: true },
 *   weightType: 'keep',
 *   device: 'cpu',
 *   kvType: 'f16',
 *   kvTokensMax: 4096,
 * });
 * const session = createSessionId();
 * engine.openSession(session, engine.info);
 * const { outcomes } = await engine.step([{
 *   session,
 *   position: 0,
 *   rows: 3,
 *   input: { kind: 'tokens', tokens: Int32Array.of(1, 72, 105) },
 *   output: { kind: 'logits', rows: 'last', topK: 40 },
 * }]);
 * await engine.stop();
 * ```
 */
export { createEngine } from './create-engine.js';
export { createInProcessEngine } from './create-in-process-engine.js';
export type { DeviceDescription } from './ggml/devices.js';
export { installCommand } from './ggml/library-discovery.js';
export { type BackendReport, inspectBackends } from './inspect-backends.js';
export { type DeviceReport, inspectDevices } from './inspect-devices.js';
export * from './model/index.js';

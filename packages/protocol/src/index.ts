/**
 * @module @skein/protocol
 *
 * What goes over the wire, and the contracts between packages: ids, limits, errors, frames,
 * messages, the model manifest, signed records and the engine's interface.
 *
 * @example
 * ```ts
 * import { decodeFrame, encodeFrame, FrameReader, toHopSchema } from '@skein/protocol';
 *
 * const reader = new FrameReader();
 * for (const piece of encodeFrame({ type: 'probe', probe: 1 })) reader.push(piece);
 * const frame = reader.next();
 * if (frame !== null) console.log(decodeFrame(toHopSchema, frame).message); // the probe
 * ```
 */
export * from './abort-after.js';
export * from './anonymous-session-id.js';
export * from './durations.js';
export * from './engine.js';
export * from './error-message.js';
export * from './errors.js';
export * from './exit-code.js';
export * from './frame.js';
export * from './hidden-rows.js';
export * from './ids.js';
export * from './limits.js';
export * from './manifest.js';
export * from './manifest-schema.js';
export * from './messages/common.js';
export * from './messages/control.js';
export * from './messages/report.js';
export * from './messages/session.js';
export * from './messages/status.js';
export * from './model-config.js';
export * from './numeric-kind.js';
export * from './parse-manifest.js';
export * from './record.js';
export * from './signed-status.js';
export * from './span.js';
export * from './tensor.js';
export * from './tensor-views.js';

/**
 * @module @skein/protocol
 *
 * What goes over the wire, and the contracts between packages: ids, limits, errors, frames,
 * messages, the model manifest, signed records and the engine's interface.
 */
export * from './engine.js';
export * from './errors.js';
export * from './ids.js';
export * from './limits.js';
export * from './manifest.js';
export * from './model-config.js';
export * from './span.js';
export * from './messages/common.js';
export * from './messages/control.js';
export * from './messages/session.js';
export * from './tensor.js';
export * from './frame.js';
export * from './record.js';

/**
 * Traces of generations for OpenTelemetry. Off unless the process has an SDK.
 *
 * ```ts
 * import { createClient } from '@skein/client';
 * import { traceGenerations } from '@skein/client/telemetry';
 *
 * const client = createClient({ bootstrap, instrumentation: [traceGenerations()] });
 * ```
 */
export { traceGenerations } from './trace-generations.js';

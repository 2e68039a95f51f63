import type { Clock, SkeinNode } from '@skein/client/network';
import { type Engine, formatNumericKind, type ModelHash, spanLength } from '@skein/protocol';
import { measureEngine } from '../announce/measure-engine.js';
import { type Throughput, ThroughputMeter } from '../announce/throughput.js';
import { SessionHost, type SessionHostEvents } from '../session/session-host.js';
import type { Placement } from './place-peer.js';

/** Blocks that are loaded, with all that serves them. */
export interface HostedSpan {
  readonly placement: Placement;
  readonly engine: Engine;
  readonly host: SessionHost;
  readonly meter: ThroughputMeter;
}

/** What hosting a span takes. */
export interface HostSpanOptions {
  readonly node: SkeinNode;
  readonly model: ModelHash;
  readonly clock: Clock;
  loadEngine(placement: Placement, signal: AbortSignal): Promise<Engine>;
  /** Measures the engine, which shows that it computes. Default: {@link measureEngine}. */
  readonly measure?: (engine: Engine) => Promise<Throughput>;
  readonly events: Omit<SessionHostEvents, 'onBatch'>;
}

/**
 * Loads blocks, and makes what serves them.
 *
 * @param throughput what the machine is known to do: a measurement beside the steps of another
 *   engine would only show how busy it is
 * @throws SkeinError whatever the engine says, after it was freed again
 */
export async function hostSpan(
  placement: Placement,
  options: HostSpanOptions,
  { signal, throughput }: { signal: AbortSignal; throughput?: Throughput | undefined },
): Promise<HostedSpan> {
  const { node, model, clock, events, measure = measureEngine } = options;
  const engine = await options.loadEngine(placement, signal);
  try {
    signal.throwIfAborted();
    const measured = await measure(engine);
    signal.throwIfAborted();
    const blocks = spanLength(engine.info.span);
    const meter = new ThroughputMeter({ blocks, initial: throughput ?? measured });
    const numericKind = formatNumericKind(engine.info);
    const onBatch = meter.add.bind(meter);
    const all = { ...events, onBatch };
    const host = new SessionHost({ node, engine, model, numericKind, clock, events: all });
    return { placement, engine, host, meter };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

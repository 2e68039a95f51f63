import { prometheusMetrics } from '@libp2p/prometheus-metrics';
import type { Libp2pOptions } from 'libp2p';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import type { SkeinNode } from '../../network/contracts.js';

/** The metrics of one process, in one registry. */
export class ProcessMetrics {
  readonly registry = new Registry();
  /** For `createSkeinNode`: libp2p counts into the same registry. */
  readonly libp2p: NonNullable<Libp2pOptions['metrics']>;

  constructor() {
    // Event-loop lag, memory, garbage collection.
    collectDefaultMetrics({ register: this.registry });
    this.libp2p = prometheusMetrics({
      registry: this.registry,
      preserveExistingMetrics: true,
      collectDefaultMetrics: false,
    });
  }

  /** Bytes that Skein's own messages are made of, both ways. */
  addTraffic(node: Pick<SkeinNode, 'diagnostics'>): void {
    new Counter({
      name: 'skein_wire_bytes_total',
      help: 'Bytes of messages on the streams of Skein, before encryption.',
      labelNames: ['direction'] as const,
      registers: [this.registry],
      collect() {
        const { receivedBytes, sentBytes } = node.diagnostics?.traffic() ?? nothing;
        this.reset();
        this.inc({ direction: 'received' }, receivedBytes);
        this.inc({ direction: 'sent' }, sentBytes);
      },
    });
  }

  /** What `/metrics` answers. */
  async expose(): Promise<{ text: string; contentType: string }> {
    const text = await this.registry.metrics();
    return { text, contentType: this.registry.contentType };
  }
}

const nothing = { receivedBytes: 0, sentBytes: 0 };

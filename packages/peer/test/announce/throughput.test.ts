import { describe, expect, it } from 'vitest';
import { measureEngine } from '../../src/announce/measure-engine.js';
import { ThroughputMeter } from '../../src/announce/throughput.js';
import { ToyEngine } from '../support/toy-engine.js';

describe('throughput', () => {
  it('is measured with a session of its own, which is freed', async () => {
    const span = { start: 1, end: 3 };
    const engine = new ToyEngine({ span, ends: { embedding: false, head: false } });
    const throughput = await measureEngine(engine);
    expect(throughput.decodeBlocksPerSecond).toBeGreaterThan(0);
    expect(throughput.prefillBlockRowsPerSecond).toBeGreaterThan(0);
    expect(engine.sessions).toEqual([]);
    expect(engine.kvTokensFree).toBe(1024);
  });

  it('is measured even where the cache is tiny', async () => {
    const span = { start: 1, end: 3 };
    const ends = { embedding: false, head: false };
    const engine = new ToyEngine({ span, ends, kvTokensMax: 3 });
    await expect(measureEngine(engine)).resolves.toBeDefined();
  });

  it('follows the real steps', () => {
    const initial = { decodeBlocksPerSecond: 100, prefillBlockRowsPerSecond: 1000 };
    const meter = new ThroughputMeter({ blocks: 4, initial });
    for (let count = 0; count < 200; count++) {
      meter.add({ items: 1, rows: 1, computeUs: 20_000 });
      meter.add({ items: 1, rows: 100, computeUs: 100_000 });
      // Mixed batches say nothing of either kind.
      meter.add({ items: 5, rows: 5, computeUs: 1 });
    }
    expect(meter.throughput.decodeBlocksPerSecond).toBeCloseTo(200, 0);
    expect(meter.throughput.prefillBlockRowsPerSecond).toBeCloseTo(4000, -1);
  });
});

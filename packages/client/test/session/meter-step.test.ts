import type { PeerId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { Measurements } from '../../src/routing/measurements.js';
import { type MeteredHop, meterStep } from '../../src/session/meter-step.js';

const hop = (name: string, start: number, end: number, roundTripMs: number | null): MeteredHop => ({
  peer: name as PeerId,
  span: { start, end },
  usage: { steps: 0, queueMs: 0, computeMs: 0 },
  roundTripMs,
});

const setUp = (roundTripMs: number | null = 20) => ({
  measurements: new Measurements(() => 0),
  hops: [hop('a', 0, 2, roundTripMs), hop('b', 2, 6, roundTripMs)] as const,
});
const single = { rows: 1, rowBytes: 100 };
const blockMs = (measurements: Measurements, name: string) =>
  measurements.view(name as PeerId).blockMs?.value;

describe('meterStep', () => {
  it('books what the hops say where it fits the time that it took', () => {
    const { measurements, hops } = setUp();
    // 10 + 20 ms of compute; 12 ms of queue; all edges are at most 40 ms, the overhead 2.
    meterStep(measurements, hops, {
      ...single,
      elapsedMs: 84,
      trace: [5000, 10_000, 7000, 20_000],
    });
    expect(blockMs(measurements, 'a')).toBe(5);
    expect(blockMs(measurements, 'b')).toBe(5);
    expect(measurements.view('b' as PeerId).queueMs?.value).toBe(7);
    expect(hops[1].usage).toEqual({ steps: 1, queueMs: 7, computeMs: 20 });
  });

  it('charges time that nobody accounts for to all, so that a low figure gains nothing', () => {
    const { measurements, hops } = setUp();
    meterStep(measurements, hops, { ...single, elapsedMs: 342, trace: [0, 0, 0, 0] });
    // 300 ms over six blocks.
    expect(blockMs(measurements, 'a')).toBe(50);
    expect(blockMs(measurements, 'b')).toBe(50);
  });

  it('charges nothing while a distance is unknown', () => {
    const { measurements, hops } = setUp(null);
    meterStep(measurements, hops, { ...single, elapsedMs: 342, trace: [0, 2000, 0, 4000] });
    expect(blockMs(measurements, 'b')).toBe(1);
  });

  it('books rows and bytes of a chunk, and no single step', () => {
    const { measurements, hops } = setUp();
    const trace = [0, 64_000, 0, 128_000];
    // Edges: 10 + 10 + 10 ms, overhead 2; 192 ms of compute; the rest went into the bytes.
    meterStep(measurements, hops, { rows: 32, rowBytes: 100, elapsedMs: 224 + 64, trace });
    const view = measurements.view('b' as PeerId);
    expect(view.blockMs).toBeNull();
    expect(view.rowMs?.value).toBe(1);
    expect(view.byteMs?.value).toBeCloseTo(64 / 3200, 9);
    expect(hops[1].usage.steps).toBe(0);
  });

  it('ignores a trace of another length', () => {
    const { measurements, hops } = setUp();
    meterStep(measurements, hops, { ...single, elapsedMs: 5, trace: [0, 1] });
    expect(blockMs(measurements, 'a')).toBeUndefined();
  });
});

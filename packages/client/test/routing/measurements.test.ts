import type { PeerId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { blend, confidence } from '../../src/routing/measured.js';
import { Measurements } from '../../src/routing/measurements.js';
import { routingLimits } from '../../src/routing/routing-limits.js';

const peer = 'a' as PeerId;

function setUp() {
  const clock = { nowMs: 0 };
  return { clock, measurements: new Measurements(() => clock.nowMs) };
}

describe('Measurements', () => {
  it('knows nothing of a peer that was never seen', () => {
    const { measurements } = setUp();
    expect(Object.values(measurements.view(peer)).filter((value) => value !== null)).toEqual([0]);
  });

  it('averages each quantity, and tells its age', () => {
    const { clock, measurements } = setUp();
    measurements.addRoundTrip(peer, 20);
    measurements.addStep(peer, { rows: 1, queueMs: 4, computeMs: 9, blockCount: 3 });
    clock.nowMs = 500;
    measurements.addStep(peer, { rows: 128, queueMs: 50, computeMs: 384, blockCount: 3 });
    measurements.addTransfer(peer, { bytes: 1000, elapsedMs: 10 });
    expect(measurements.view(peer)).toEqual({
      latencyMs: { value: 10, samples: 1, ageMs: 500 },
      blockMs: { value: 3, samples: 1, ageMs: 500 },
      queueMs: { value: 4, samples: 1, ageMs: 500 },
      rowMs: { value: 1, samples: 1, ageMs: 0 },
      byteMs: { value: 0.01, samples: 1, ageMs: 0 },
      load: null,
      sessionsInFlight: 0,
    });
  });

  it('lets one outlier among the first samples be outvoted', () => {
    const { measurements } = setUp();
    for (const computeMs of [900, 1, 1, 1, 1]) {
      measurements.addStep(peer, { rows: 1, queueMs: 0, computeMs, blockCount: 1 });
    }
    expect(measurements.view(peer).blockMs?.value).toBeLessThan(200);
  });

  it('adds the sessions that were opened since the load was asked', () => {
    const { clock, measurements } = setUp();
    measurements.addSession(peer, 1);
    measurements.addLoad(peer, { queuedRows: 2, kvTokensFree: 10, sessions: 5 });
    measurements.addSession(peer, 1);
    measurements.addSession(peer, 1);
    expect(measurements.view(peer).load?.sessions).toBe(7);
    for (let session = 0; session < 3; session += 1) measurements.addSession(peer, -1);
    expect(measurements.view(peer).load?.sessions).toBe(4);
    // An answer that does not tell of sessions leaves what was known of them.
    measurements.addLoad(peer, { queuedRows: 0, kvTokensFree: 8 });
    expect(measurements.view(peer).load).toMatchObject({ sessions: 4, kvTokensFree: 8 });
    clock.nowMs = routingLimits.loadMsMax + 1;
    expect(measurements.view(peer).load).toBeNull();
  });

  it('remembers a bounded number of peers, those with sessions first', () => {
    const { measurements } = setUp();
    measurements.addSession(peer, 1);
    for (let index = 0; index <= routingLimits.peersRememberedMax; index += 1) {
      measurements.addRoundTrip(`p${index}` as PeerId, 2);
    }
    expect(measurements.view(peer).sessionsInFlight).toBe(1);
    expect(measurements.view('p0' as PeerId).latencyMs).toBeNull();
    expect(measurements.view('p9' as PeerId).latencyMs).not.toBeNull();
  });
});

describe('confidence', () => {
  const trust = { samplesTrusted: 4, halfLifeMs: 1000 };

  it('grows with the samples and halves with age', () => {
    expect(confidence(null, trust)).toBe(0);
    expect(confidence({ value: 9, samples: 1, ageMs: 0 }, trust)).toBe(0.25);
    expect(confidence({ value: 9, samples: 40, ageMs: 0 }, trust)).toBe(1);
    expect(confidence({ value: 9, samples: 40, ageMs: 2000 }, trust)).toBe(0.25);
  });

  it('weighs what was measured against what was assumed', () => {
    expect(blend(null, 7, trust)).toBe(7);
    expect(blend({ value: 3, samples: 2, ageMs: 0 }, 7, trust)).toBe(5);
    expect(blend({ value: 3, samples: 4, ageMs: 0 }, 7, trust)).toBe(3);
  });
});

import { describe, expect, it } from 'vitest';
import { expectedStepMs, type HopFigures } from '../../src/session/expected-step.js';
import { scheduleFairly } from '../../src/session/fair-timer.js';
import { sessionLimits } from '../../src/session/session-limits.js';
import { SlowSteps } from '../../src/session/slow-steps.js';
import { StepTimes } from '../../src/session/step-times.js';
import { TestClock } from '../support/test-clock.js';

const { stepLateMsMin, stepLateFactor, firstStepLateMs } = sessionLimits;

describe('StepTimes', () => {
  it('takes five times what steps took, two seconds at least', () => {
    const times = new StepTimes();
    times.add(1, 1000);
    times.add(128, 10);
    expect(times.lateMs(1, () => 1e6)).toBe(stepLateFactor * 1000);
    expect(times.lateMs(128, () => 1e6)).toBe(stepLateMsMin);
  });

  it('takes the expected time for a fresh route, and a fixed one where none is known', () => {
    const times = new StepTimes();
    expect(times.lateMs(1, () => 1000)).toBe(5000);
    expect(times.lateMs(1, () => 1)).toBe(stepLateMsMin);
    expect(times.lateMs(1, () => null)).toBe(firstStepLateMs);
  });

  it('gives a changed route the longer of both times until it was measured', () => {
    const times = new StepTimes();
    times.add(1, 1000);
    times.expectChange();
    expect(times.lateMs(1, () => 3000)).toBe(15_000);
    expect(times.lateMs(1, () => 3)).toBe(5000);
    times.add(1, 800);
    expect(times.lateMs(1, () => 3000)).toBe(4000);
  });
});

describe('expectedStepMs', () => {
  const announced = { decodeBlocksPerSecond: 100, prefillBlockRowsPerSecond: 1000, hiddenSize: 0 };
  const hop: HopFigures = { blockCount: 4, latencyMs: 5, blockMs: null, announced };

  it('adds up what peers announce, and distances', () => {
    expect(expectedStepMs([hop, { ...hop, latencyMs: null }], 1)).toBe(4 * 10 + 5 + 4 * 10);
    expect(expectedStepMs([hop], 128)).toBe(4 * 128 + 5);
  });

  it('believes what was measured in any session more than what is announced', () => {
    expect(expectedStepMs([{ ...hop, blockMs: 500 }], 1)).toBe(4 * 500 + 5);
    expect(expectedStepMs([{ ...hop, blockMs: 500 }], 2)).toBe(4 * 500 + 5);
  });

  it('counts the bytes that a chunk has to carry', () => {
    const wide = { ...hop, announced: { ...announced, hiddenSize: 4096 } };
    const bytes = 4 * 4096 * 128;
    const transferMs = bytes / sessionLimits.linkBytesPerMs;
    expect(expectedStepMs([wide], 128)).toBeCloseTo(4 * 128 + 5 + transferMs);
  });

  it('says nothing where a hop is unknown', () => {
    expect(expectedStepMs([hop, { ...hop, announced: null }], 1)).toBeNull();
    const silent = { ...announced, decodeBlocksPerSecond: 0 };
    expect(expectedStepMs([{ ...hop, announced: silent }], 1)).toBeNull();
  });
});

describe('SlowSteps', () => {
  const { slowStepFactor, slowStepMsMin, slowStepsMax, slowStepsKnown } = sessionLimits;

  function known(usualMs: number): SlowSteps {
    const steps = new SlowSteps();
    for (let step = 0; step < slowStepsKnown; step += 1) expect(steps.add(usualMs)).toBe(false);
    return steps;
  }

  it('needs ten times the usual, so many times in a row', () => {
    const steps = known(20);
    for (let step = 1; step < slowStepsMax; step += 1) {
      expect(steps.add(20 * slowStepFactor)).toBe(false);
    }
    expect(steps.add(20 * slowStepFactor)).toBe(true);
  });

  it('forgives slow steps when a usual one comes between, and steps a little below', () => {
    const steps = known(20);
    for (let step = 0; step < 5 * slowStepsMax; step += 1) {
      expect(steps.add(step % slowStepsMax === 0 ? 20 : 20 * slowStepFactor)).toBe(false);
    }
  });

  it('takes no notice of what nobody would notice', () => {
    const steps = known(0.1);
    for (let step = 0; step < 3 * slowStepsMax; step += 1) {
      expect(steps.add(slowStepMsMin - 1)).toBe(false);
    }
  });
});

describe('scheduleFairly', () => {
  it('waits anew when the program was paused meanwhile, a bounded number of times', () => {
    const clock = new TestClock();
    let calls = 0;
    scheduleFairly(clock, 1000, () => {
      calls += 1;
    });
    for (let pause = 0; pause < sessionLimits.ownPausesMax; pause += 1) {
      clock.advance(1000 + sessionLimits.ownPauseMs + 1);
      clock.fireNext();
      expect(calls).toBe(0);
    }
    clock.advance(10_000);
    clock.fireNext();
    expect(calls).toBe(1);
    expect(clock.timerCount).toBe(0);
  });

  it('is in time when the timer is, and can be cancelled', () => {
    const clock = new TestClock();
    let calls = 0;
    const count = () => {
      calls += 1;
    };
    scheduleFairly(clock, 1000, count);
    clock.fireNext();
    expect(calls).toBe(1);
    scheduleFairly(clock, 1000, count)();
    expect(clock.fireNext()).toBe(false);
  });
});

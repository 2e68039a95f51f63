import type { ProbedMessage } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { findStalledHop } from '../../src/session/find-stalled-hop.js';

function answer(received: number | null, completed: number | null, queuedRows = 0): ProbedMessage {
  return { type: 'probed', probe: 1, received, completed, queuedRows };
}

const late = { step: 7, rowsInFlight: 1 };

describe('findStalledHop', () => {
  it('names every hop that does not answer', () => {
    expect(findStalledHop([null, answer(6, 6), null], late)).toEqual({
      kind: 'silent',
      hops: [0, 2],
    });
  });

  it('finds the hop that has the step and does not complete it', () => {
    const answers = [answer(7, 7), answer(7, 6, 1), answer(6, 6)];
    expect(findStalledHop(answers, late)).toEqual({ kind: 'stuck', hop: 1 });
  });

  it('forgives a hop whose queue holds rows of others', () => {
    const answers = [answer(7, 7), answer(7, 6, 300), answer(6, 6)];
    expect(findStalledHop(answers, late)).toEqual({ kind: 'busy', hop: 1 });
  });

  it('finds an edge on which the step was lost', () => {
    const answers = [answer(7, 7), answer(6, 6), answer(null, null)];
    expect(findStalledHop(answers, late)).toEqual({ kind: 'edge', hop: 1 });
  });

  it('holds the last hop to its result', () => {
    expect(findStalledHop([answer(7, 7), answer(7, 7)], late)).toEqual({ kind: 'stuck', hop: 1 });
  });
});

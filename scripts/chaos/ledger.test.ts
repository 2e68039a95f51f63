import { describe, expect, it } from 'vitest';
import type { ClientEvent } from './client/messages.js';
import { chaosJobs } from './jobs.js';
import { Ledger, type Phase } from './ledger.js';

const [job] = chaosJobs({ prompts: 1, tokens: 3 });
if (job === undefined) throw new Error('There is a job.');

function generate(ledger: Ledger, phase: Phase, tokens: readonly number[]): void {
  const generation = ledger.begin(job as NonNullable<typeof job>, phase);
  for (const token of tokens) generation.take({ event: 'token', token }, { isAborted: false });
  generation.take({ event: 'end', reason: 'length', promptTokens: 9 }, { isAborted: false });
}

const reroute: ClientEvent = {
  event: 'reroute',
  kind: 'replaced',
  reason: 'stream-closed',
  message: '',
  lostPeer: 'b',
  detectionMs: 10,
  rebuildMs: 20,
  recoveryMs: 30,
};

describe('Ledger', () => {
  it('finds the first token of a generation that differs, with what led to it', () => {
    const ledger = new Ledger(() => 0);
    generate(ledger, 'reference', [5, 6, 7]);
    generate(ledger, 'check', [5, 6, 7]);
    expect(ledger.differingCount).toBe(0);
    const broken = ledger.begin(job, 'chaos');
    broken.take({ event: 'token', token: 5 }, { isAborted: false });
    broken.take(reroute, { isAborted: false });
    broken.take({ event: 'token', token: 9 }, { isAborted: false });
    broken.take({ event: 'token', token: 9 }, { isAborted: false });
    expect(ledger.differingCount).toBe(1);
    expect(ledger.differences[0]).toMatchObject({ index: 1, expected: 6, found: 9 });
    expect(ledger.differences[0]?.history.join()).toContain('token 1: stream-closed at b');
  });

  it('takes a token beyond the unbroken run for a difference', () => {
    const ledger = new Ledger(() => 0);
    generate(ledger, 'reference', [5]);
    generate(ledger, 'chaos', [5, 6]);
    expect(ledger.differences[0]).toMatchObject({ index: 1, expected: null, found: 6 });
  });

  it('puts a recovery down to what was last done to the peer', () => {
    let nowMs = 0;
    const ledger = new Ledger(() => nowMs);
    ledger.disturbed({ kind: 'cut', peer: 'b', name: 'chaos-2' });
    ledger.disturbed({ kind: 'kill', peer: 'a', name: 'chaos-1' });
    const generation = ledger.begin(job, 'chaos');
    generation.take(reroute, { isAborted: false });
    nowMs = 60_000;
    generation.take(reroute, { isAborted: false });
    expect(ledger.recoveries.map(({ cause }) => cause)).toEqual(['cut', 'none']);
    expect(ledger.recoveries[0]).toMatchObject({ totalMs: 40, rebuildMs: 20 });
  });

  it('counts failures, except of what the run itself ended', () => {
    const ledger = new Ledger(() => 0);
    const failed: ClientEvent = { event: 'failed', code: 'no-route', message: 'none' };
    ledger.begin(job, 'chaos').take(failed, { isAborted: true });
    expect(ledger.failedCount).toBe(0);
    ledger.begin(job, 'chaos').take(failed, { isAborted: false });
    expect(ledger.failedCount).toBe(1);
  });
});

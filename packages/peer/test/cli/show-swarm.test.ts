import type { ModelState, PeerSummary, SwarmAnswer } from '@skein/protocol/http-api';
import { describe, expect, it } from 'vitest';
import { painter } from '../../src/cli/output.js';
import { showSwarm } from '../../src/cli/show-swarm.js';

const model = { hash: 'ab'.repeat(32), name: 'meta-llama/Llama-3.1-70B-Instruct' };
const blockCount = 80;

function peer(name: string, start: number, end: number, fields: Partial<PeerSummary> = {}) {
  return {
    id: `12D3${name}`,
    name,
    state: 'serving',
    model,
    span: { start, end },
    nextSpan: null,
    sessions: 2,
    uptimeMs: 3 * 3_600_000,
    reachability: { kind: 'direct', reason: null, roundTripMs: 12.3, checkedAtMs: 1 },
    ...fields,
  } as PeerSummary;
}

function swarmOf(peers: readonly PeerSummary[]): SwarmAnswer {
  const coverage = Array.from({ length: blockCount }, (_, block) => ({
    block,
    peers: peers.filter(
      ({ span, state }) => state === 'serving' && span.start <= block && block < span.end,
    ).length,
    stepsPerSecond: 1,
  }));
  const state = {
    ...model,
    health: 'degraded',
    headline: 'all 80 blocks served; weakest is block 17 with 1 peer; 1 peer has the embedding',
    blockCount,
    coverage,
    sessions: 3,
    tokensPerSecond: 87.39,
  } as ModelState;
  return { modelStates: [state], peerSummaries: peers } as unknown as SwarmAnswer;
}

const paint = painter(false);

describe('skein status', () => {
  it('fits 80 columns, whatever names there are', () => {
    const lines = showSwarm(
      swarmOf([
        peer('anser', 0, 40),
        peer('a-machine-with-a-very-long-name.example.org', 0, 80, {
          nextSpan: { start: 40, end: 80 },
        }),
        peer('', 40, 80, { state: 'lost', sessions: 0, uptimeMs: null }),
      ]),
      { paint },
    );
    expect(lines.map((line) => line.trimEnd())).toEqual([
      'meta-llama/Llama-3.1-70B-Instruct is degraded: all 80 blocks served; weakest is',
      '  block 17 with 1 peer; 1 peer has the embedding',
      '3 peers  3 sessions  87.4 tokens/s',
      '',
      '                 0       32      64',
      '  anser          ■■■■■■■■■■·········· 0:40  12 ms  2 sessions  up 3 h',
      '  a-machine-wit… ■■■■■■■■■■■■■■■■■■■■ 0:80 → 40:80  12 ms  2 sessions  up 3 h',
      '  12D3           ··········□□□□□□□□□□ 40:80  lost  12 ms',
      '  coverage       22222222221111111111',
    ]);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('lists 64 peers, and says how many more there are', () => {
    const many = Array.from({ length: 1_000 }, (_, index) => peer(`peer-${index}`, 0, 80));
    const lines = showSwarm(swarmOf(many), { paint });
    expect(lines.at(-1)).toBe('  and 936 more peers: --json has them all');
    // The coverage is that of all.
    expect(lines.at(-2)).toContain('++++++++');
  });

  it('says so where nobody hosts a model', () => {
    const empty = { modelStates: [], peerSummaries: [] } as unknown as SwarmAnswer;
    expect(showSwarm(empty, { paint })).toEqual(['No peer of this swarm hosts a model yet.']);
    expect(showSwarm(empty, { paint, model: 'toy' })).toEqual(['No peer of this swarm hosts toy.']);
  });
});

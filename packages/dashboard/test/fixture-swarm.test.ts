import {
  historyAnswerSchema,
  historyRanges,
  liveMessageSchema,
  peerAnswerSchema,
  swarmAnswerSchema,
} from '@skein/protocol/http-api';
import { describe, expect, it } from 'vitest';
import { historyAnswer, peerAnswer } from './support/fixture-answers.js';
import { FixtureSwarm } from './support/fixture-swarm.js';

const swarm = new FixtureSwarm({ nowMs: 1_790_000_000_000 });

describe('the made-up swarm', () => {
  it('has the size that the page must bear', () => {
    expect(swarm.peers.size).toBe(200);
    expect(swarm.modelStates()[0]?.blockCount).toBe(80);
    expect(swarm.sessions.size).toBeGreaterThan(30);
  });

  it('is the same for the same seed', () => {
    const again = new FixtureSwarm({ nowMs: 1_790_000_000_000 });
    expect(again.swarmAnswer()).toEqual(swarm.swarmAnswer());
  });

  it('answers as the contract says', () => {
    swarmAnswerSchema.parse(swarm.swarmAnswer());
    for (const id of swarm.peers.keys()) peerAnswerSchema.parse(peerAnswer(swarm, id));
    for (const range of historyRanges) {
      historyAnswerSchema.parse(historyAnswer(swarm, null, range));
    }
  });

  it('tells what changes as the contract says', () => {
    const messages = swarm.first();
    for (let second = 0; second < 30; second++) messages.push(...swarm.tick());
    const [victim] = [...swarm.sessions.values()][0]?.route ?? [];
    messages.push(...swarm.kill(victim?.peer ?? ''));
    for (const message of messages) expect(liveMessageSchema.parse(message)).toEqual(message);
    expect(swarm.peers.get(victim?.peer ?? '')?.state).toBe('lost');
  });
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient, generateBatch, type SkeinClient } from '@skein/client';
import type { TokenId } from '@skein/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const golden = goldenModel('llama-8block-f32');
const model = 'llama-8block-f32';
const tokens = golden.prompt as readonly TokenId[];

/** The rows of logits that transformers computed, one for each token of the prompt. */
function goldenRows(): Float32Array[] {
  const { tensors } = JSON.parse(readFileSync(join(golden.path, 'golden.json'), 'utf8')) as {
    tensors: { logits: { offset: number; shape: [number, number] } };
  };
  const { offset, shape } = tensors.logits;
  const [rowCount, width] = shape;
  const bytes = new Uint8Array(readFileSync(join(golden.path, 'golden.bin')));
  const values = new Float32Array(bytes.slice(offset, offset + 4 * rowCount * width).buffer);
  return Array.from({ length: rowCount }, (_, row) =>
    values.subarray(row * width, (row + 1) * width),
  );
}

/** Natural log of the probability of a token under a row of logits. */
function logProbability(row: Float32Array, token: number): number {
  const largest = row.reduce((a, b) => Math.max(a, b));
  const sum = row.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  return (row[token] as number) - largest - Math.log(sum);
}

let swarm: Swarm;
let client: SkeinClient;

beforeAll(async () => {
  const blocks = ['0:3', '3:6', '6:8', '0:3', '3:6', '6:8'];
  // As exact as transformers is: with a cache in f16 a log-probability is off by 2e-3.
  const parameters = ['--kv-type', 'f32'];
  swarm = await startSwarm({ model: golden.path, blocks, parameters });
  client = createClient({ bootstrap: [swarm.bootstrap] });
  await client.start();
});

afterAll(async () => {
  await client.stop();
  await stopEverything();
});

describe('over peer processes', () => {
  it('score equals what transformers computed', async () => {
    const rows = goldenRows();
    const score = await client.score({ model, tokens, wireType: 'f32', topLogits: 2 });
    expect(score.tokens[0]?.logProbability).toBeNull();
    for (const [index, token] of score.tokens.entries()) {
      if (index === 0) continue;
      const row = rows[index - 1] as Float32Array;
      expect(token.logProbability).toBeCloseTo(logProbability(row, token.id), 3);
      const best = row.indexOf(row.reduce((a, b) => Math.max(a, b)));
      expect(token.topLogits?.[0]?.id).toBe(best);
      expect(token.isMostLikely).toBe(best === token.id);
    }
    const answer = golden.greedy.slice(0, 40) as TokenId[];
    const greedy = await client.score({
      model,
      promptTokens: tokens,
      tokens: answer,
      wireType: 'f32',
    });
    expect(greedy.isGreedy).toBe(true);
    expect(greedy.scoredTokenCount).toBe(40);
  });

  it('a peer is killed in the middle of a batch: every item is what it is alone', async () => {
    const items = Array.from({ length: 6 }, (_, index) => ({
      id: `item ${index}`,
      promptTokens: tokens.slice(0, 4 + index),
      seed: index,
    }));
    const settings = { model, maxTokens: 60, ignoreEos: true, temperature: 0.8 };
    const alone: TokenId[][] = [];
    for (const { id: _id, ...prompt } of items) {
      const ids: TokenId[] = [];
      for await (const event of client.generate({ ...settings, ...prompt })) {
        if (event.type === 'token') ids.push(event.id);
      }
      alone.push(ids);
    }
    const together: (readonly TokenId[])[] = [];
    const bad = { promptTokens: [] };
    let errors = 0;
    const batch = { ...settings, concurrency: 3, order: 'input' } as const;
    for await (const event of generateBatch(client, [...items, bad], batch)) {
      if (event.type === 'item-end') {
        // Others are at work at this moment.
        if (together.length === 0) swarm.peers[1]?.process.kill('SIGKILL');
        together[event.index] = event.tokens;
        expect(event.id).toBe(`item ${event.index}`);
      } else if (event.type === 'item-error') {
        errors += 1;
        expect(event).toMatchObject({ index: 6, error: { code: 'bad-argument' } });
      } else if (event.type === 'progress') expect(event.running).toBeLessThan(4);
    }
    expect(together).toEqual(alone);
    expect(errors).toBe(1);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup } from '../support/cleanup.js';
import { logitsOf, openChain, referenceLogits } from '../support/swarm.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const tokens = [7, 3, 12, 49, 0, 5, 5, 31, 8];

describe.each(['memory', 'tcp'] as const)('a chain of three hops over %s', (transports) => {
  it('computes what one engine with all blocks does, in one step or many', async () => {
    const expected = await referenceLogits(tokens);
    const { hops } = await openChain(cleanup, { transports });
    const [first, , last] = hops;
    // A prompt in three chunks that are under way at once, then single tokens.
    for (const [step, [start, end]] of [
      [0, 2],
      [2, 3],
      [3, 6],
    ].entries()) {
      const isLast = end === 6;
      first?.step({
        step,
        position: start as number,
        tokens: tokens.slice(start, end),
        ...(isLast ? { logits: 'last' as const } : {}),
      });
    }
    for (const position of [2, 3, 6]) {
      const result = await last?.take('result');
      expect(result?.message.position).toBe(position);
      expect(result?.tensors).toHaveLength(position === 6 ? 2 : 0);
      if (result !== undefined && position === 6) {
        expect([...logitsOf(result).values()]).toEqual([...(expected[5] as Float32Array)]);
      }
    }
    for (let position = 6; position < tokens.length; position++) {
      first?.step({
        step: position,
        position,
        tokens: [tokens[position] as number],
        logits: 'last',
        topK: 5,
      });
      const result = await last?.take('result');
      if (result === undefined) throw new Error('no result');
      const logits = logitsOf(result);
      expect(logits.size).toBe(5);
      for (const [id, logit] of logits) expect(logit).toBe(expected[position]?.[id]);
      expect(result.message.trace).toHaveLength(6);
    }
  });
});

describe('a chain', () => {
  it.each(['f16', 'bf16', 'int8'] as const)('carries %s rows', async (wireType) => {
    const expected = await referenceLogits(tokens);
    const { hops } = await openChain(cleanup, { wireType });
    hops[0]?.step({ step: 0, position: 0, tokens, logits: 'last' });
    const result = await hops[2]?.take('result');
    if (result === undefined) throw new Error('no result');
    const tolerance = wireType === 'f16' ? 0.05 : 0.5;
    for (const [id, logit] of logitsOf(result)) {
      const want = expected.at(-1)?.[id] ?? 0;
      expect(Math.abs(logit - want)).toBeLessThan(tolerance * (1 + Math.abs(want)));
    }
  });

  it('lets the client relay an edge', async () => {
    const expected = await referenceLogits(tokens);
    const { hops } = await openChain(cleanup);
    const [first, second, last] = hops;
    first?.send({ type: 'link', epoch: 0, successor: { kind: 'client' } });
    await first?.take('linked');
    first?.step({ step: 0, position: 0, tokens, logits: 'last' });
    const relayed = await first?.take('step');
    if (relayed === undefined) throw new Error('nothing to relay');
    const { tensors: _layouts, ...step } = relayed.message;
    second?.send(step, relayed.tensors);
    const result = await last?.take('result');
    if (result === undefined) throw new Error('no result');
    expect([...logitsOf(result).values()]).toEqual([...(expected.at(-1) as Float32Array)]);
  });

  it('answers a replay where it ends, without logits', async () => {
    const { hops, hosts } = await openChain(cleanup);
    hops[0]?.step({ step: 0, position: 0, tokens, until: 4 });
    const result = await hops[1]?.take('result');
    expect(result?.tensors).toEqual([]);
    expect(result?.message).toMatchObject({ step: 0, position: tokens.length });
    expect(hosts[2]?.engine.batches).toEqual([]);
  });

  it('gives all logits of all rows when asked', async () => {
    const expected = await referenceLogits(tokens);
    const { hops } = await openChain(cleanup);
    hops[0]?.step({ step: 0, position: 0, tokens, logits: 'all' });
    const result = await hops[2]?.take('result');
    expect(result?.tensors.map(({ shape }) => shape)).toEqual([[9, 50], [9]]);
    if (result === undefined) return;
    expect([...logitsOf(result).values()]).toEqual([...(expected[8] as Float32Array)]);
  });
});

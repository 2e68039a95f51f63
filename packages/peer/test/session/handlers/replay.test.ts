import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup } from '../../support/cleanup.js';
import {
  logitsOf,
  openChain,
  openMessage,
  referenceLogits,
  startHost,
  startNode,
  successorOf,
  threeSpans,
} from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const tokens = [3, 1, 4, 1, 5, 9, 2, 6];

describe('replay', () => {
  it('feeds a new successor from history, exactly, by way of link', async () => {
    const { hops, hosts, session, client } = await openChain(cleanup);
    const [first, second, last] = hops;
    first?.step({ step: 0, position: 0, tokens: tokens.slice(0, 5) });
    await last?.take('result');
    first?.step({ step: 1, position: 5, tokens: tokens.slice(5, 7) });
    await last?.take('result');
    // The middle hop dies; another machine takes its place.
    await hosts[1]?.node.stop();
    const spare = await startHost(cleanup, threeSpans[1] as never);
    const replacement = await TestHop.connect(client, spare.node);
    const after = hosts[2];
    if (after === undefined || first === undefined) throw new Error('no hosts');
    const successor = successorOf(after);
    await replacement.open(openMessage(spare, { session, epoch: 1, successor }));
    first.send({ type: 'truncate', epoch: 1, position: 7 });
    last?.send({ type: 'truncate', epoch: 1, position: 7 });
    await Promise.all([first.take('truncated'), last?.take('truncated')]);
    first.send({ type: 'link', epoch: 1, successor: successorOf(spare) });
    await first.take('linked');
    first.send({ type: 'replay', epoch: 1, step: 2, from: 0, to: 7, until: 4 });
    expect((await first.take('replayed')).message).toEqual({
      type: 'replayed',
      epoch: 1,
      steps: 2,
    });
    // The steps are the ones that were lost.
    expect((await replacement.take('result')).message).toMatchObject({ step: 2, position: 5 });
    expect((await replacement.take('result')).message).toMatchObject({ step: 3, position: 7 });
    first.step({ step: 9, position: 7, epoch: 1, tokens: tokens.slice(7), logits: 'last' });
    const result = await last?.take('result');
    if (result === undefined) throw new Error('no result');
    const expected = (await referenceLogits(tokens))[7] as Float32Array;
    expect([...logitsOf(result).values()]).toEqual([...expected]);
    expect(second?.closed).toBeDefined();
  });

  it('goes to the client when it relays', async () => {
    const { hops } = await openChain(cleanup);
    const [first, , last] = hops;
    first?.step({ step: 0, position: 0, tokens });
    await last?.take('result');
    first?.send({ type: 'link', epoch: 1, successor: { kind: 'client' } });
    await first?.take('linked');
    first?.send({ type: 'replay', epoch: 1, step: 1, from: 2, to: 5, until: 4 });
    const step = await first?.take('step');
    expect(step?.message).toMatchObject({ step: 1, epoch: 1, position: 2, rows: 3, until: 4 });
    expect(step?.tensors[0]?.shape).toEqual([3, 32]);
  });

  it('answers history-gone for what was never there, and the session lives on', async () => {
    const { hops } = await openChain(cleanup);
    const [first, , last] = hops;
    first?.step({ step: 0, position: 0, tokens });
    await last?.take('result');
    for (const [from, to] of [
      [0, 9],
      [5, 4],
    ] as const) {
      first?.send({ type: 'replay', epoch: 0, step: 1, from, to, until: 4 });
      expect(await first?.takeError()).toMatchObject({ code: 'history-gone', step: 1 });
    }
    last?.send({ type: 'replay', epoch: 0, step: 1, from: 0, to: 4, until: 6 });
    expect(await last?.takeError()).toMatchObject({ code: 'history-gone' });
    first?.step({ step: 1, position: 8, tokens: [1] });
    await last?.take('result');
  });

  it('ends without an answer when the client begins something else', async () => {
    const client = await startNode(cleanup);
    const host = await startHost(cleanup, { start: 0, end: 2 });
    const hop = await TestHop.connect(client, host.node);
    await hop.open(openMessage(host, { successor: { kind: 'client' } }));
    hop.step({ step: 0, position: 0, tokens });
    await hop.take('step');
    let release = () => {};
    host.engine.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    // The replay waits for the step that runs, which gives the truncation time to overtake it.
    hop.step({ step: 1, position: 8, tokens: [1] });
    hop.send({ type: 'replay', epoch: 1, step: 2, from: 0, to: 8, until: 4 });
    hop.send({ type: 'truncate', epoch: 2, position: 8 });
    hop.send({ type: 'probe', probe: 1 });
    await hop.take('probed');
    release();
    await hop.take('truncated');
    expect(hop.received).toEqual([]);
  });
});

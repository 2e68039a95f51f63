import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup } from '../../support/cleanup.js';
import { logitsOf, openChain, referenceLogits } from '../../support/swarm.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

describe('truncate', () => {
  it('forgets tokens on every hop, after which other tokens can follow', async () => {
    const { hops } = await openChain(cleanup);
    hops[0]?.step({ step: 0, position: 0, tokens: [1, 2, 3, 4, 5] });
    await hops[2]?.take('result');
    for (const hop of hops) hop.send({ type: 'truncate', epoch: 1, position: 2 });
    const answers = await Promise.all(hops.map((hop) => hop.take('truncated')));
    // The last hop has nobody to replay to.
    const starts = answers.map(({ message }) => [message.position, message.historyStart]);
    expect(starts).toEqual([
      [2, 0],
      [2, 0],
      [2, 2],
    ]);
    hops[0]?.step({ step: 1, position: 2, epoch: 1, tokens: [9], logits: 'last' });
    const result = await hops[2]?.take('result');
    if (result === undefined) throw new Error('no result');
    const expected = (await referenceLogits([1, 2, 9]))[2] as Float32Array;
    expect([...logitsOf(result).values()]).toEqual([...expected]);
  });

  it('answers the length when that is less, and waits for the step that runs', async () => {
    const { hops, hosts } = await openChain(cleanup);
    const [hop] = hops;
    const engine = hosts[0]?.engine;
    if (hop === undefined || engine === undefined) throw new Error('no hop');
    let release = () => {};
    engine.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    hop.step({ step: 0, position: 0, tokens: [1, 2, 3] });
    hop.step({ step: 1, position: 3, tokens: [4] });
    hop.send({ type: 'probe', probe: 1 });
    await hop.take('probed');
    hop.send({ type: 'truncate', epoch: 1, position: 100 });
    hop.send({ type: 'probe', probe: 2 });
    // Past the queue: the step still runs.
    expect((await hop.take('probed')).message).toMatchObject({ received: 1, completed: null });
    release();
    const { message } = await hop.take('truncated');
    // The step that ran was finished, and can be replayed; the one that waited was dropped.
    expect(message).toMatchObject({ epoch: 1, position: 3, historyStart: 0 });
    expect(hosts[1]?.engine.batches).toEqual([]);
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import { openMessage, startHost, startNode } from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

describe('probe', () => {
  it('is answered past the queue, with all rows that wait or run', async () => {
    const host = await startHost(cleanup, { start: 0, end: 2 });
    const client = await startNode(cleanup);
    const [one, two] = [
      await TestHop.connect(client, host.node),
      await TestHop.connect(client, host.node),
    ];
    for (const hop of [one, two]) {
      await hop.open(openMessage(host, { successor: { kind: 'client' } }));
    }
    one.send({ type: 'probe', probe: 7 });
    expect((await one.take('probed')).message).toEqual({
      type: 'probed',
      probe: 7,
      received: null,
      completed: null,
      queuedRows: 0,
    });
    let release = () => {};
    host.engine.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    one.step({ step: 4, position: 0, tokens: [1, 2, 3] });
    await until(() => host.engine.batches.length === 1);
    two.step({ step: 1, position: 0, tokens: [1, 2] });
    two.send({ type: 'probe', probe: 8 });
    expect((await two.take('probed')).message).toMatchObject({
      received: 1,
      completed: null,
      queuedRows: 5,
    });
    release();
    await one.take('step');
    one.send({ type: 'probe', probe: 9 });
    expect((await one.take('probed')).message).toMatchObject({ received: 4, completed: 4 });
  });
});

import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import { openChain, openMessage, startHost, startNode } from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

describe('close', () => {
  it('frees the session and ends the stream in order', async () => {
    const { hops, hosts } = await openChain(cleanup);
    hops[0]?.step({ step: 0, position: 0, tokens: [1, 2] });
    await hops[2]?.take('result');
    for (const hop of hops) {
      hop.send({ type: 'close' });
      await hop.take('closed');
      await until(() => hop.closed !== undefined);
      expect(hop.closed).toBeNull();
    }
    await until(() => hosts.every(({ engine }) => engine.sessions.length === 0));
    for (const { host } of hosts) expect(host.historyBudget.bytes).toBe(0);
  });

  it.each(['abort', 'vanish'] as const)('is the same when the client does %s', async (how) => {
    const closed: string[] = [];
    const host = await startHost(
      cleanup,
      { start: 0, end: 2 },
      { transports: 'tcp', events: { onSessionClosed: ({ id }) => closed.push(id) } },
    );
    const client = await startNode(cleanup, 'tcp');
    const hop = await TestHop.connect(client, host.node);
    await hop.open(openMessage(host, { successor: { kind: 'client' } }));
    hop.step({ step: 0, position: 0, tokens: [1, 2] });
    await hop.take('step');
    expect(host.engine.kvTokensFree).toBe(1022);
    let release = () => {};
    host.engine.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    hop.step({ step: 1, position: 2, tokens: [3] });
    await until(() => host.engine.batches.length === 2);
    if (how === 'abort') hop.channel.abort(new Error('enough'));
    else await client.stop();
    await until(() => host.host.sessionCount === 0);
    expect(closed).toEqual([hop.session]);
    // The step that runs is not disturbed; the cache is freed after it.
    expect(host.engine.sessions).toHaveLength(1);
    release();
    await until(() => host.engine.sessions.length === 0);
    expect(host.engine.kvTokensFree).toBe(1024);
    expect(host.host.historyBudget.bytes).toBe(0);
  });
});

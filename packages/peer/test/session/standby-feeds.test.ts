import { createSessionId, type PeerId } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../support/cleanup.js';
import {
  logitsOf,
  openMessage,
  referenceLogits,
  startHost,
  startNode,
  successorOf,
  type TestHost,
  threeSpans,
} from '../support/swarm.js';
import { TestHop } from '../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const tokens = [7, 3, 12, 49, 0, 5, 5, 31, 8];
const nobody = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN' as PeerId;

/** Three hops, and a second peer with the blocks of the one at `index`, on the same session. */
async function openWithStandby(index: 1 | 2) {
  const client = await startNode(cleanup);
  const session = createSessionId();
  const connect = async (host: TestHost, next: TestHost | undefined) => {
    const hop = await TestHop.connect(client, host.node);
    const successor = next === undefined ? null : successorOf(next);
    await hop.open(openMessage(host, { session, successor }));
    return hop;
  };
  const hosts: TestHost[] = [];
  for (const span of threeSpans) hosts.push(await startHost(cleanup, span));
  const hops: TestHop[] = [];
  for (const [at, host] of hosts.entries()) hops.push(await connect(host, hosts[at + 1]));
  const [first, second, last] = hops as [TestHop, TestHop, TestHop];
  const spare = await startHost(cleanup, threeSpans[index] as (typeof threeSpans)[number]);
  const standby = await connect(spare, undefined);
  const guarded = hosts[index] as TestHost;
  const before = hops[index - 1] as TestHop;
  const { peer, multiaddrs } = { peer: spare.node.peer, multiaddrs: [...spare.node.multiaddrs] };
  const target = { peer, multiaddrs, from: 0, until: spare.engine.info.span.end };
  const link = async (epoch: number, from: number) => {
    const standbys = [{ ...target, from }];
    before.send({ type: 'link', epoch, successor: successorOf(guarded), standbys });
    await before.take('linked');
  };
  const sessionOf = (host: TestHost) => {
    const found = host.host.find(session);
    if (found === null) throw new Error('the session is gone');
    return found;
  };
  return { hosts, first, second, last, before, spare, standby, target, link, sessionOf };
}

describe('a standby', () => {
  it.each([1, 2] as const)(
    'of hop %d catches up, keeps up, and answers without logits',
    async (index) => {
      const { first, last, standby, link } = await openWithStandby(index);
      first.step({ step: 3, position: 0, tokens: tokens.slice(0, 4) });
      first.step({ step: 5, position: 4, tokens: tokens.slice(4, 5) });
      await last.take('result');
      await last.take('result');
      await link(0, 0);
      for (const [step, position] of [
        [3, 4],
        [5, 5],
      ] as const) {
        // The steps are those of the route, with their numbers and their rows.
        const result = await standby.take('result');
        expect(result.message).toMatchObject({ step, position });
        expect(result.tensors).toEqual([]);
      }
      first.step({ step: 8, position: 5, tokens: tokens.slice(5), logits: 'last' });
      expect((await standby.take('result')).message).toMatchObject({ step: 8, position: 9 });
      const expected = await referenceLogits(tokens);
      expect([...logitsOf(await last.take('result')).values()]).toEqual([
        ...(expected.at(-1) ?? []),
      ]);
      expect(standby.received).toEqual([]);
    },
  );

  it('is fed in one epoch only, and from where the client says after it', async () => {
    const { first, last, second, standby, link, hosts, spare, sessionOf } =
      await openWithStandby(1);
    await link(0, 0);
    first.step({ step: 0, position: 0, tokens: tokens.slice(0, 4) });
    await standby.take('result');
    await last.take('result');
    const hops = [first, second, last, standby];
    for (const hop of hops) hop.send({ type: 'truncate', epoch: 1, position: 3 });
    for (const hop of hops) expect((await hop.take('truncated')).message.position).toBe(3);
    first.step({ step: 1, epoch: 1, position: 3, tokens: tokens.slice(3, 6) });
    await last.take('result');
    expect(sessionOf(spare).received).toBe(0);
    await link(1, 3);
    expect((await standby.take('result')).message).toMatchObject({ epoch: 1, position: 6 });
    // One stream all the time, from the same predecessor.
    expect(sessionOf(spare).pushChannels.size).toBe(1);
    expect(sessionOf(hosts[0] as TestHost).length).toBe(6);
  });

  it('becomes the successor over the stream that it has', async () => {
    const { first, last, standby, link, hosts, spare, sessionOf } = await openWithStandby(1);
    await link(0, 0);
    first.step({ step: 0, position: 0, tokens: tokens.slice(0, 6) });
    await standby.take('result');
    await last.take('result');
    for (const hop of [first, last, standby]) hop.send({ type: 'truncate', epoch: 1, position: 6 });
    for (const hop of [first, last, standby]) await hop.take('truncated');
    standby.send({ type: 'link', epoch: 1, successor: successorOf(hosts[2] as TestHost) });
    await standby.take('linked');
    first.send({ type: 'link', epoch: 1, successor: successorOf(spare) });
    await first.take('linked');
    first.step({ step: 1, epoch: 1, position: 6, tokens: tokens.slice(6), logits: 'last' });
    const expected = await referenceLogits(tokens);
    expect([...logitsOf(await last.take('result')).values()]).toEqual([...(expected.at(-1) ?? [])]);
    expect(sessionOf(spare).pushChannels.size).toBe(1);
  });

  it('that nobody can reach is reported, and the route goes on', async () => {
    const { first, last, before, hosts } = await openWithStandby(1);
    const standbys = [{ peer: nobody, multiaddrs: ['/memory/nowhere'], from: 0, until: 4 }];
    const successor = successorOf(hosts[1] as TestHost);
    before.send({ type: 'link', epoch: 0, successor, standbys });
    await before.take('linked');
    first.step({ step: 0, position: 0, tokens });
    expect((await last.take('result')).message).toMatchObject({ position: 9 });
    expect(await first.takeError()).toMatchObject({ code: 'peer-unreachable', about: nobody });
    first.step({ step: 1, position: 9, tokens: [1] });
    expect((await last.take('result')).message).toMatchObject({ position: 10 });
  });

  it('for which there is no history is reported', async () => {
    const { first, last, link, hosts, spare, sessionOf } = await openWithStandby(1);
    for (const [step, token] of tokens.entries()) {
      first.step({ step, position: step, tokens: [token] });
      await last.take('result');
    }
    sessionOf(hosts[0] as TestHost).history.evictOldest();
    await link(0, 0);
    const error = await first.takeError();
    expect(error).toMatchObject({ code: 'history-gone', about: spare.node.peer });
  });

  it('that does not read leaves the route at its pace, and costs no memory here', async () => {
    const { first, last, link, spare, hosts, sessionOf } = await openWithStandby(1);
    // Its queue fills up; then it stops reading the push stream.
    void sessionOf(spare).holdUntil(new Promise(() => {}));
    await link(0, 0);
    for (let step = 0; step < 120; step += 1) {
      first.step({ step, position: step, tokens: [step % 50] });
      await last.take('result');
    }
    await until(() => sessionOf(spare).queuedSteps > 0);
    expect(sessionOf(spare).queuedSteps).toBeLessThan(120);
    const { history } = sessionOf(hosts[0] as TestHost);
    expect([history.start, history.end]).toEqual([0, 120]);
  });
});

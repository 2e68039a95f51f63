import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import {
  logitsOf,
  openMessage,
  referenceLogits,
  startHost,
  startNode,
} from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const whole = { start: 0, end: 6 };
const tokens = [3, 1, 4, 1, 5];

async function openOn(host: Awaited<ReturnType<typeof startHost>>) {
  const hop = await TestHop.connect(await startNode(cleanup), host.node);
  await hop.open(openMessage(host));
  return hop;
}

describe('kv', () => {
  it('moves a cache from one peer to another, exactly', async () => {
    const [from, to] = [await startHost(cleanup, whole), await startHost(cleanup, whole)];
    const [source, target] = [await openOn(from), await openOn(to)];
    source.step({ step: 0, position: 0, tokens });
    await source.take('result');
    source.send({ type: 'kv-export', span: whole, from: 0, to: 5 });
    for (let block = 0; block < 6; block++) {
      const { message, tensors } = await source.take('kv');
      expect(message).toMatchObject({ block, position: 0, count: 5 });
      expect(message.length).toBe(block === 5 ? 5 : undefined);
      const { tensors: _layouts, ...piece } = message;
      target.send(piece, tensors);
    }
    expect((await target.take('kv-imported')).message.position).toBe(5);
    target.step({ step: 0, position: 5, tokens: [9], logits: 'last' });
    const expected = (await referenceLogits([...tokens, 9]))[5] as Float32Array;
    expect([...logitsOf(await target.take('result')).values()]).toEqual([...expected]);
    // The outputs of imported tokens are not there.
    target.send({ type: 'truncate', epoch: 1, position: 5 });
    expect((await target.take('truncated')).message).toMatchObject({ historyStart: 5 });
  });

  it.each([
    ['tokens beyond the length', { span: whole, from: 0, to: 6 }],
    ['blocks beyond the span', { span: { start: 0, end: 7 }, from: 0, to: 1 }],
  ])('refuses to export %s', async (_what, range) => {
    const host = await startHost(cleanup, whole);
    const hop = await openOn(host);
    hop.step({ step: 0, position: 0, tokens });
    await hop.take('result');
    hop.send({ type: 'kv-export', ...range });
    expect(await hop.takeError()).toMatchObject({ code: 'protocol-violation' });
    await until(() => host.engine.sessions.length === 0);
  });

  it.each([
    ['a block beyond the span', { block: 6, position: 0, count: 1 }, [1, 32]],
    ['tokens beyond the session', { block: 0, position: 128, count: 1 }, [1, 32]],
    ['another shape', { block: 0, position: 0, count: 1 }, [1, 31]],
    ['a length beyond the session', { block: 0, position: 0, count: 1, length: 129 }, [1, 32]],
  ])('refuses to import %s', async (_what, fields, shape) => {
    const host = await startHost(cleanup, whole);
    const hop = await openOn(host);
    const tensor = {
      type: 'f32' as const,
      shape,
      bytes: new Uint8Array(4 * 32).subarray(0, 4 * (shape[1] ?? 0)),
    };
    hop.send({ type: 'kv', ...fields }, [tensor, tensor]);
    expect(await hop.takeError()).toMatchObject({ code: 'protocol-violation' });
  });
});

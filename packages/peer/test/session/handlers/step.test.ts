import { float32View, type StepMessage, type Tensor } from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import {
  logitsOf,
  openChain,
  openMessage,
  referenceLogits,
  startHost,
  startNode,
} from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const whole = { start: 0, end: 6 };

async function start(options: { kvTokensMax?: number } = {}) {
  const host = await startHost(cleanup, whole, options);
  const client = await startNode(cleanup);
  const hop = await TestHop.connect(client, host.node);
  const tokensMax = Math.min(64, options.kvTokensMax ?? 64);
  await hop.open(openMessage(host, { tokensMax }));
  return { host, client, hop };
}

describe('step', () => {
  it('refuses a position that is not the length, and goes on', async () => {
    const { hop } = await start();
    hop.step({ step: 0, position: 3, tokens: [1] });
    expect(await hop.takeError()).toMatchObject({ code: 'position-mismatch', step: 0, epoch: 0 });
    hop.step({ step: 1, position: 0, tokens: [1, 2] });
    expect((await hop.take('result')).message).toMatchObject({ step: 1, position: 2 });
    hop.step({ step: 2, position: 1, tokens: [1] });
    expect(await hop.takeError()).toMatchObject({ code: 'position-mismatch', step: 2 });
  });

  it('refuses more tokens than the session was opened for', async () => {
    const { hop } = await start();
    hop.step({ step: 0, position: 0, tokens: Array(65).fill(1) });
    expect(await hop.takeError()).toMatchObject({ code: 'context-exceeded', step: 0 });
  });

  it('reports a full cache about the step only', async () => {
    const { host, client, hop } = await start({ kvTokensMax: 10 });
    const other = await TestHop.connect(client, host.node);
    await other.open(openMessage(host, { tokensMax: 10 }));
    other.step({ step: 0, position: 0, tokens: [1, 2, 3, 4, 5, 6] });
    await other.take('result');
    hop.step({ step: 0, position: 0, tokens: [1, 2, 3, 4, 5] });
    expect(await hop.takeError()).toMatchObject({ code: 'kv-full', step: 0 });
    hop.step({ step: 1, position: 0, tokens: [1, 2] });
    expect((await hop.take('result')).message.position).toBe(2);
  });

  it('drops frames of older epochs, and keeps those of newer ones until their time', async () => {
    const { hop, host } = await start();
    const tokens = [4, 9, 2];
    hop.step({ step: 0, position: 0, tokens });
    await hop.take('result');
    // It overtakes the `truncate` that begins its epoch, as on another stream.
    hop.step({ step: 2, position: 1, epoch: 1, tokens: [33], logits: 'last' });
    hop.step({ step: 1, position: 3, epoch: 0, tokens: [5] });
    hop.send({ type: 'truncate', epoch: 1, position: 1 });
    expect((await hop.take('truncated')).message.position).toBe(1);
    const result = await hop.take('result');
    expect(result.message).toMatchObject({ step: 2, epoch: 1, position: 2 });
    const expected = (await referenceLogits([4, 33]))[1] as Float32Array;
    expect([...logitsOf(result).values()]).toEqual([...expected]);
    hop.step({ step: 3, position: 2, epoch: 0, tokens: [1] });
    hop.send({ type: 'probe', probe: 1 });
    expect((await hop.take('probed')).message).toMatchObject({ received: 2, completed: 2 });
    expect(host.engine.batches.flat()).toHaveLength(2);
  });

  it('ends the stream, and only that, for input that does not fit', async () => {
    const { host, client } = await start();
    const bad: [Partial<StepMessage>, 'i32' | 'f32', number[]][] = [
      [{}, 'i32', [3]],
      [{}, 'f32', [2, 32]],
      [{ until: 3 }, 'i32', [2]],
      [{ logits: 'last', targets: [1, 2] }, 'i32', [2]],
      [{ targets: [1, 2] }, 'i32', [2]],
      [{ logits: 'all', targets: [1] }, 'i32', [2]],
    ];
    for (const [fields, type, shape] of bad) {
      const hop = await TestHop.connect(client, host.node);
      await hop.open(openMessage(host));
      const bytes = new Uint8Array(4 * shape.reduce((product, size) => product * size, 1));
      const step = { step: 0, epoch: 0, position: 0, rows: 2, trace: [], ...fields };
      hop.send({ type: 'step', ...step }, [{ type, shape, bytes }]);
      expect(await hop.takeError()).toMatchObject({ code: 'protocol-violation' });
    }
    const unknown: Pick<Parameters<TestHop['step']>[0], 'tokens' | 'logits' | 'targets'>[] = [
      { tokens: [50] },
      { tokens: [1], logits: 'all', targets: [50] },
    ];
    for (const fields of unknown) {
      const hop = await TestHop.connect(client, host.node);
      await hop.open(openMessage(host));
      hop.step({ step: 0, position: 0, ...fields });
      expect(await hop.takeError()).toMatchObject({ code: 'bad-argument' });
    }
    await until(() => host.host.sessionCount === 1);
    expect(host.engine.batches).toEqual([]);
  });

  it('tells the logits of targets at the end of the chain', async () => {
    const { hops } = await openChain(cleanup);
    const tokens = [4, 9, 2, 33];
    const targets = [9, 2, 33, 7];
    const [first, , last] = hops as [TestHop, TestHop, TestHop];
    first.step({ step: 0, position: 0, tokens, logits: 'all', topK: 1, targets });
    const { tensors } = await last.take('result');
    const rows = await referenceLogits(tokens);
    const expected = rows.map((row, index) => row[targets[index] as number]);
    expect(tensors.map(({ shape }) => shape)).toEqual([[4, 1], [4, 1], [4], [4]]);
    expect([...float32View((tensors[3] as Tensor).bytes)]).toEqual(expected);
  });

  it('answers bad-output in place of numbers that are none', async () => {
    const { hops, hosts } = await openChain(cleanup);
    const middle = hosts[1];
    if (middle !== undefined) middle.engine.isPoisoned = true;
    hops[0]?.step({ step: 0, position: 0, tokens: [1, 2] });
    expect(await hops[1]?.takeError()).toMatchObject({ code: 'bad-output', step: 0 });
    expect(hosts[2]?.engine.batches).toEqual([]);
  });

  it('stops reading when too many steps wait', async () => {
    const { host, hop } = await start();
    let release = () => {};
    host.engine.gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (let step = 0; step < 40; step++) hop.step({ step, position: step, tokens: [step] });
    const session = host.host.find(hop.session);
    await until(() => (session?.queuedSteps ?? 0) > 16);
    expect(session?.queuedSteps).toBe(17);
    release();
    for (let step = 0; step < 40; step++) {
      expect((await hop.take('result')).message.step).toBe(step);
    }
  });

  it('tells every session when the engine fails, and serves again after its restart', async () => {
    const { host, client, hop } = await start();
    host.engine.crash();
    expect(await hop.takeError()).toMatchObject({ code: 'engine-failed' });
    await until(() => hop.closed !== undefined && host.host.sessionCount === 0);
    const early = await TestHop.connect(client, host.node);
    await expect(early.open(openMessage(host))).rejects.toThrow('busy');
    host.engine.restart();
    const late = await TestHop.connect(client, host.node);
    await late.open(openMessage(host));
  });
});

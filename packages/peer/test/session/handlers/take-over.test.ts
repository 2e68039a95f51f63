import type { MessageChannel, SkeinNode } from '@skein/client/network';
import {
  bytesOf,
  pushProtocol,
  type Received,
  SkeinError,
  type Tensor,
  type ToPredecessorMessage,
  toPredecessorSchema,
} from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import { openMessage, startHost, startNode, type TestHost } from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const span = { start: 2, end: 4 };

/** The push stream of a peer that leaves. */
async function connect(node: SkeinNode, host: TestHost) {
  const received: ToPredecessorMessage[] = [];
  let isClosed = false;
  const channel: MessageChannel<object> = await node.openChannel<
    typeof toPredecessorSchema,
    object
  >(
    { peer: host.node.peer, multiaddrs: host.node.multiaddrs },
    pushProtocol,
    toPredecessorSchema,
    () => ({
      onMessage: ({ message }: Received<ToPredecessorMessage>) => void received.push(message),
      onClose: () => {
        isClosed = true;
      },
    }),
    {},
  );
  return { channel, received, isClosed: () => isClosed };
}

async function start(options: { isExpected?: boolean } = {}) {
  const { isExpected = true } = options;
  const host = await startHost(cleanup, span);
  const [donor, client] = [await startNode(cleanup), await startNode(cleanup)];
  const hop = await TestHop.connect(client, host.node);
  const takesOverFrom = isExpected ? { takesOverFrom: donor.peer } : {};
  const fields = { successor: { kind: 'client' } as const, tokensMax: 8, ...takesOverFrom };
  await hop.open(openMessage(host, fields));
  const push = await connect(donor, host);
  void push.channel.send({ type: 'attach', session: hop.session, epoch: 0 });
  return { host, client, hop, donor, push };
}

function piece(block: number, fields: { position?: number; count?: number; length?: number } = {}) {
  const { count = 2 } = fields;
  const bytes = bytesOf(new Float32Array(32 * count).fill(0.5));
  const tensor: Tensor = { type: 'f32', shape: [count, 32], bytes };
  return [{ type: 'kv', block, position: 0, count, ...fields }, [tensor, tensor]] as const;
}

describe('taking over a cache', () => {
  it('tells the client when all of it is there', async () => {
    const { host, hop, push } = await start();
    void push.channel.send(...piece(2));
    void push.channel.send(...piece(3, { length: 2 }));
    expect((await hop.take('kv-imported')).message.position).toBe(2);
    expect(host.engine.length(hop.session)).toBe(2);
  });

  it('from a peer that the client did not name is refused, and the session unharmed', async () => {
    const { host, hop, push } = await start({ isExpected: false });
    void push.channel.send(...piece(2));
    await until(() => push.isClosed());
    expect(push.received).toMatchObject([{ type: 'attached' }, { code: 'protocol-violation' }]);
    hop.send({ type: 'truncate', epoch: 1, position: 0 });
    await hop.take('truncated');
    expect(host.host.sessionCount).toBe(1);
    expect(hop.received).toEqual([]);
  });

  it('from another peer than the one named is refused', async () => {
    const { host, hop } = await start();
    const stranger = await connect(await startNode(cleanup), host);
    void stranger.channel.send({ type: 'attach', session: hop.session, epoch: 0 });
    void stranger.channel.send(...piece(2));
    await until(() => stranger.isClosed());
    expect(stranger.received).toMatchObject([{ type: 'attached' }, { code: 'protocol-violation' }]);
  });

  it.each([
    ['a block beyond the span', piece(4), 'protocol-violation', true],
    ['tokens beyond the session', piece(2, { position: 8 }), 'protocol-violation', true],
    ['another shape', withShape([2, 31]), 'protocol-violation', true],
    ['numbers that are none', withNaN(), 'bad-output', true],
    ['a length of which tokens are missing', piece(2, { length: 2 }), 'bad-argument', false],
  ])('of %s is refused; client and donor are told', async (_what, wrong, code, isDonors) => {
    const { host, hop, donor, push } = await start();
    void push.channel.send(wrong[0], wrong[1]);
    const error = await hop.takeError();
    expect(error).toMatchObject({ code, epoch: 0 });
    expect(error.about).toBe(isDonors ? donor.peer : undefined);
    await until(() => push.isClosed());
    expect(push.received.at(-1)).toMatchObject({ type: 'error', code });
    // The session itself goes on, and can be rebuilt.
    expect(host.host.sessionCount).toBe(1);
  });

  it('is refused by an engine without room, and the client told so', async () => {
    const { host, hop, push } = await start();
    host.engine.importKv = () => Promise.reject(new SkeinError('kv-full', 'toy'));
    void push.channel.send(...piece(2));
    expect(await hop.takeError()).toMatchObject({ code: 'kv-full', epoch: 0 });
  });

  it('that the client gave up on comes too late: it changes nothing', async () => {
    const { host, hop, push } = await start();
    void push.channel.send(...piece(2));
    await until(() => host.engine.imports === 1);
    hop.send({ type: 'truncate', epoch: 1, position: 0 });
    await hop.take('truncated');
    void push.channel.send(...piece(3, { length: 2 }));
    const rows = { type: 'f32' as const, shape: [1, 32], bytes: new Uint8Array(128) };
    const step = { type: 'step', step: 0, epoch: 1, position: 0, rows: 1, trace: [] };
    void push.channel.send(step, [rows]);
    await hop.take('step');
    expect(hop.received).toEqual([]);
    expect(host.engine.length(hop.session)).toBe(1);
  });

  it('ends with the donor: the session waits for what the client does', async () => {
    const { host, hop, donor, push } = await start();
    void push.channel.send(...piece(2));
    await until(() => host.engine.imports === 1);
    await donor.stop();
    hop.send({ type: 'probe', probe: 1 });
    await hop.take('probed');
    hop.send({ type: 'close' });
    await hop.take('closed');
    await until(() => host.engine.sessions.length === 0);
  });
});

function withShape(shape: number[]) {
  const [message, [tensor]] = piece(2);
  const bytes = tensor.bytes.subarray(0, 4 * (shape[0] ?? 0) * (shape[1] ?? 0));
  return [message, [{ ...tensor, shape, bytes }, tensor]] as const;
}

function withNaN() {
  const [message, [tensor]] = piece(2);
  const bytes = bytesOf(new Float32Array(64).fill(Number.NaN));
  return [message, [tensor, { ...tensor, bytes }]] as const;
}

import type { MessageChannel, SkeinNode } from '@skein/client/network';
import {
  createSessionId,
  pushProtocol,
  type Received,
  type SkeinError,
  type ToPredecessorMessage,
  toPredecessorSchema,
} from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { Cleanup, until } from '../../support/cleanup.js';
import { openMessage, startHost, startNode, type TestHost } from '../../support/swarm.js';
import { TestHop } from '../../support/test-hop.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

interface Predecessor {
  readonly channel: MessageChannel<object>;
  readonly received: ToPredecessorMessage[];
  closed: SkeinError | null | undefined;
}

async function connect(node: SkeinNode, host: TestHost): Promise<Predecessor> {
  const received: ToPredecessorMessage[] = [];
  const predecessor: Omit<Predecessor, 'channel'> & { channel?: MessageChannel<object> } = {
    received,
    closed: undefined,
  };
  predecessor.channel = await node.openChannel<typeof toPredecessorSchema, object>(
    { peer: host.node.peer, multiaddrs: host.node.multiaddrs },
    pushProtocol,
    toPredecessorSchema,
    () => ({
      onMessage: ({ message }: Received<ToPredecessorMessage>) => void received.push(message),
      onClose: (error) => {
        predecessor.closed = error;
      },
    }),
    {},
  );
  return predecessor as Predecessor;
}

async function start() {
  const host = await startHost(cleanup, { start: 2, end: 4 });
  const [node, client] = [await startNode(cleanup), await startNode(cleanup)];
  return { host, node, client };
}

function rows(step: number, position: number) {
  const message = { type: 'step', step, epoch: 0, position, rows: 1, trace: [] };
  const tensor = { type: 'f32' as const, shape: [1, 32], bytes: new Uint8Array(128) };
  return [message, [tensor]] as const;
}

describe('attach', () => {
  it('may come before the session is opened, with steps after it', async () => {
    const { host, node, client } = await start();
    const session = createSessionId();
    const predecessor = await connect(node, host);
    void predecessor.channel.send({ type: 'attach', session, epoch: 0 });
    void predecessor.channel.send(...rows(0, 0));
    void predecessor.channel.send(...rows(1, 1));
    const hop = await TestHop.connect(client, host.node);
    await hop.open(openMessage(host, { session, successor: { kind: 'client' } }));
    expect((await hop.take('step')).message.step).toBe(0);
    expect((await hop.take('step')).message.step).toBe(1);
    expect(predecessor.received).toEqual([{ type: 'attached' }]);
  });

  it('is refused when nobody opens the session', { timeout: 20_000 }, async () => {
    const { host, node } = await start();
    const predecessor = await connect(node, host);
    void predecessor.channel.send({ type: 'attach', session: createSessionId(), epoch: 0 });
    await until(() => predecessor.closed !== undefined);
    expect(predecessor.received).toMatchObject([{ type: 'error', code: 'session-unknown' }]);
  });

  it('comes first', async () => {
    const { host, node } = await start();
    const predecessor = await connect(node, host);
    void predecessor.channel.send(...rows(0, 0));
    await until(() => predecessor.closed !== undefined);
    expect(predecessor.received).toMatchObject([{ code: 'protocol-violation' }]);
  });

  it('bounds the streams into a session, and ends them with it', async () => {
    const { host, node, client } = await start();
    const hop = await TestHop.connect(client, host.node);
    await hop.open(openMessage(host, { successor: { kind: 'client' } }));
    const predecessors: Predecessor[] = [];
    for (let count = 0; count < 5; count++) {
      const predecessor = await connect(node, host);
      predecessors.push(predecessor);
      void predecessor.channel.send({ type: 'attach', session: hop.session, epoch: 0 });
      await until(() => predecessor.received.length === 1);
    }
    await until(() => predecessors[0]?.closed !== undefined);
    expect(predecessors.slice(1).every(({ closed }) => closed === undefined)).toBe(true);
    hop.send({ type: 'close' });
    await until(() => predecessors.every(({ closed }) => closed !== undefined));
  });

  it('does not let a hostile predecessor harm the session', async () => {
    const { host, node, client } = await start();
    const hop = await TestHop.connect(client, host.node);
    await hop.open(openMessage(host, { successor: { kind: 'client' } }));
    const hostile = await connect(node, host);
    void hostile.channel.send({ type: 'attach', session: hop.session, epoch: 0 });
    void hostile.channel.send({ type: 'step', rows: 'many' });
    await until(() => hostile.closed !== undefined);
    expect(hostile.received).toMatchObject([{ type: 'attached' }, { code: 'bad-message' }]);
    const [message, tensors] = rows(0, 0);
    hop.send(message as never, tensors);
    await hop.take('step');
  });
});

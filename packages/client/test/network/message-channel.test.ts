import {
  type ErrorMessage,
  errorMessageSchema,
  limits,
  type Received,
  type SkeinError,
  tensorsSchema,
} from '@skein/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createSkeinNode, type MessageChannel, type SkeinNode } from '../../src/network/index.js';
import { Cleanup, memoryAddress, until } from './support.js';

const echoProtocol = '/skein-test/echo/1.0.0';
const echoSchema = z.strictObject({
  type: z.literal('echo'),
  number: z.int(),
  tensors: tensorsSchema.optional(),
});
type Echo = z.infer<typeof echoSchema>;
const answerSchema = z.discriminatedUnion('type', [echoSchema, errorMessageSchema]);
type Answer = Echo | ErrorMessage;

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

async function startNode(transports: 'memory' | 'tcp'): Promise<SkeinNode> {
  const node = await createSkeinNode({
    listen: [transports === 'memory' ? memoryAddress() : '/ip4/127.0.0.1/tcp/0'],
    bootstrap: [],
    mode: 'peer',
    dht: false,
    ...(transports === 'memory' ? { transports } : {}),
  });
  await node.start();
  cleanup.add(() => node.stop());
  return node;
}

function remoteOf(node: SkeinNode) {
  return { peer: node.peer, multiaddrs: node.multiaddrs };
}

/** Collects what a client receives. */
class Collector {
  readonly received: Received<Answer>[] = [];
  closed: SkeinError | null | undefined;
  readonly accept = () => ({
    onMessage: (message: Received<Answer>) => {
      this.received.push(message);
    },
    onClose: (error: SkeinError | null) => {
      this.closed = error;
    },
  });
}

describe.each(['memory', 'tcp'] as const)('a channel over %s', (transports) => {
  it('carries messages with tensors in order, small and large', async () => {
    const [server, client] = [await startNode(transports), await startNode(transports)];
    await server.serve(echoProtocol, echoSchema, (channel: MessageChannel<Echo>) => ({
      onMessage: ({ message, tensors }) => void channel.send(message, tensors),
      onClose: () => undefined,
    }));
    const collector = new Collector();
    const channel = await client.openChannel<typeof answerSchema, Echo>(
      remoteOf(server),
      echoProtocol,
      answerSchema,
      collector.accept,
      {},
    );
    const sizes = [0, 1, 100, 8192, 65_536, 1 << 20, 9_000_001, 3];
    for (const [number, size] of sizes.entries()) {
      const bytes = new Uint8Array(size).map((_, index) => (index * 31 + number) & 0xff);
      await channel.send({ type: 'echo', number }, [{ type: 'u8', shape: [size], bytes }]);
    }
    await until(() => collector.received.length === sizes.length);
    for (const [number, size] of sizes.entries()) {
      const bytes = collector.received[number]?.tensors[0]?.bytes;
      expect(collector.received[number]?.message).toMatchObject({ number });
      expect(bytes?.byteLength).toBe(size);
      expect(bytes?.at(-1)).toBe(size === 0 ? undefined : ((size - 1) * 31 + number) & 0xff);
    }
    await channel.close();
    expect(collector.closed).toBeNull();
    expect(() => channel.send({ type: 'echo', number: 0 })).toThrow(/closed/);
  });

  it('holds a fast sender back while the reader is busy, and loses nothing', async () => {
    const [server, client] = [await startNode(transports), await startNode(transports)];
    const seen: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let closed: SkeinError | null | undefined;
    await server.serve(echoProtocol, echoSchema, () => ({
      async onMessage({ message }) {
        await gate;
        seen.push(message.number);
      },
      onClose(error) {
        closed = error;
      },
    }));
    const collector = new Collector();
    const channel = await client.openChannel<typeof answerSchema, Echo>(
      remoteOf(server),
      echoProtocol,
      answerSchema,
      collector.accept,
      {},
    );
    const bytes = new Uint8Array(1 << 20);
    let waits = 0;
    for (let number = 0; number < 24; number++) {
      const full = channel.send({ type: 'echo', number }, [
        { type: 'u8', shape: [bytes.length], bytes },
      ]);
      if (full === undefined) continue;
      waits += 1;
      if (waits === 1) setTimeout(release, 50);
      await full;
      expect(channel.bufferedBytes).toBeLessThanOrEqual(1 << 20);
    }
    expect(waits).toBeGreaterThan(0);
    await channel.close();
    await until(() => seen.length === 24);
    expect(seen).toEqual([...Array(24).keys()]);
    await until(() => closed !== undefined);
    expect(closed).toBeNull();
  });

  it('answers an error to a bad message and ends only that channel', async () => {
    const [server, client] = [await startNode(transports), await startNode(transports)];
    const ends: (SkeinError | null)[] = [];
    await server.serve(echoProtocol, echoSchema, (channel: MessageChannel<Echo>) => ({
      onMessage: ({ message }) => void channel.send(message),
      onClose: (error) => void ends.push(error),
      answersErrors: true,
    }));
    const open = async (collector: Collector) =>
      client.openChannel<typeof answerSchema, object>(
        remoteOf(server),
        echoProtocol,
        answerSchema,
        collector.accept,
        {},
      );
    const [hostile, honest] = [new Collector(), new Collector()];
    const hostileChannel = await open(hostile);
    const honestChannel = await open(honest);
    void hostileChannel.send({ type: 'echo', number: 'NaN' });
    await until(() => hostile.closed !== undefined);
    expect(hostile.received[0]?.message).toMatchObject({ type: 'error', code: 'bad-message' });
    expect(ends).toHaveLength(1);
    expect(ends[0]).toMatchObject({ code: 'bad-message', peer: client.peer });
    void honestChannel.send({ type: 'echo', number: 7 });
    await until(() => honest.received.length === 1);
    expect(honest.closed).toBeUndefined();
  });

  it('resets when the other side does not know errors', async () => {
    const [server, client] = [await startNode(transports), await startNode(transports)];
    await server.serve(echoProtocol, echoSchema, () => ({
      onMessage: () => {
        throw new Error('a bug');
      },
      onClose: () => undefined,
    }));
    const collector = new Collector();
    const channel = await client.openChannel<typeof answerSchema, Echo>(
      remoteOf(server),
      echoProtocol,
      answerSchema,
      collector.accept,
      {},
    );
    void channel.send({ type: 'echo', number: 1 });
    await until(() => collector.closed !== undefined);
    expect(collector.closed).toMatchObject({ code: 'stream-closed', peer: server.peer });
    expect(collector.received).toEqual([]);
  });

  it('reports an orderly close, an abort and a lost connection', async () => {
    const [server, client] = [await startNode(transports), await startNode(transports)];
    const channels: MessageChannel<Echo>[] = [];
    await server.serve(echoProtocol, echoSchema, (channel: MessageChannel<Echo>) => {
      channels.push(channel);
      return { onMessage: () => undefined, onClose: () => undefined };
    });
    const open = async () => {
      const collector = new Collector();
      const channel = await client.openChannel<typeof answerSchema, Echo>(
        remoteOf(server),
        echoProtocol,
        answerSchema,
        collector.accept,
        {},
      );
      return { collector, channel };
    };
    const [closing, aborting, losing] = [await open(), await open(), await open()];
    await until(() => channels.length === 3);
    void channels[0]?.send({ type: 'echo', number: 1 });
    await channels[0]?.close();
    await until(() => closing.collector.closed !== undefined);
    expect(closing.collector.closed).toBeNull();
    expect(closing.collector.received).toHaveLength(1);
    channels[1]?.abort(new Error('enough'));
    await until(() => aborting.collector.closed !== undefined);
    expect(aborting.collector.closed).toMatchObject({ code: 'stream-closed' });
    const disconnected: string[] = [];
    client.onDisconnect((peer) => disconnected.push(peer));
    await server.stop();
    await until(() => losing.collector.closed !== undefined);
    expect(() => losing.channel.send({ type: 'echo', number: 2 })).toThrow(/closed/);
    await until(() => disconnected.includes(server.peer));
  });
});

describe('hostile frames', () => {
  it('are refused before memory is spent on them', async () => {
    const [server, client] = [await startNode('memory'), await startNode('memory')];
    let end: SkeinError | null | undefined;
    await server.serve(echoProtocol, echoSchema, () => ({
      onMessage: () => undefined,
      onClose: (error) => {
        end = error;
      },
    }));
    const collector = new Collector();
    const channel = await client.openChannel<typeof answerSchema, Echo>(
      remoteOf(server),
      echoProtocol,
      answerSchema,
      collector.accept,
      {},
    );
    // The prefix of a frame whose header is larger than the limit, written under our own feet.
    const announced = limits.headerBytesMax + 1;
    const prefix = [(announced & 0x7f) | 0x80, ((announced >> 7) & 0x7f) | 0x80, announced >> 14];
    rawStreamOf(channel).send(new Uint8Array([...prefix, 0, 1, 2, 3]));
    await until(() => end !== undefined);
    expect(end).toMatchObject({ code: 'bad-frame' });
  });

  it('that are cut off end the channel with an error', async () => {
    const [server, client] = [await startNode('memory'), await startNode('memory')];
    let end: SkeinError | null | undefined;
    await server.serve(echoProtocol, echoSchema, () => ({
      onMessage: () => undefined,
      onClose: (error) => {
        end = error;
      },
    }));
    const collector = new Collector();
    const channel = await client.openChannel<typeof answerSchema, Echo>(
      remoteOf(server),
      echoProtocol,
      answerSchema,
      collector.accept,
      {},
    );
    rawStreamOf(channel).send(new Uint8Array([40, 0, 1, 2]));
    await channel.close();
    await until(() => end !== undefined);
    expect(end).toMatchObject({ code: 'stream-closed' });
  });
});

/** The libp2p stream below a channel, which only a hostile program writes to. */
function rawStreamOf(channel: MessageChannel<object>): { send(bytes: Uint8Array): boolean } {
  return (channel as unknown as { rawStream: { send(bytes: Uint8Array): boolean } }).rawStream;
}

import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { tensorsSchema } from '@skein/protocol';
import { afterEach, expect, it, vi } from 'vitest';
import * as z from 'zod';
import type { MessageChannel } from '../../src/network/index.js';
import { Cleanup, startMember } from './support.js';

const protocol = '/skein-test/frugal/1.0.0';
const schema = z.strictObject({ type: z.literal('row'), tensors: tensorsSchema.optional() });
type Row = z.infer<typeof schema>;

const cleanup = new Cleanup();
afterEach(async () => {
  vi.restoreAllMocks();
  await cleanup.run();
});

/** A channel over TCP and TLS to a node that sends every message back. */
async function openEcho(onEcho: () => void): Promise<MessageChannel<Row>> {
  const [server, client] = [
    await startMember(cleanup, { transports: 'tcp' }),
    await startMember(cleanup, { transports: 'tcp' }),
  ];
  await server.node.serve(protocol, schema, (channel: MessageChannel<Row>) => ({
    onMessage: ({ message, tensors }) => void channel.send({ type: message.type }, tensors),
    onClose: () => undefined,
  }));
  const remote = { peer: server.node.peer, multiaddrs: server.node.multiaddrs };
  const handlers = { onMessage: onEcho, onClose: () => undefined };
  return client.node.openChannel<typeof schema, Row>(remote, protocol, schema, () => handlers, {});
}

/**
 * Sends a message of so many bytes so many times, each after the answer to the last.
 * @returns how often somebody wrote to a TLS socket meanwhile
 */
async function writesOfEchoes(byteLength: number, rounds: number): Promise<number> {
  let answered: () => void = () => undefined;
  const channel = await openEcho(() => answered());
  const bytes = new Uint8Array(byteLength);
  const write = vi.spyOn(Socket.prototype, 'write');
  for (let round = 0; round < rounds; round += 1) {
    const answer = new Promise<void>((resolve) => {
      answered = resolve;
    });
    void channel.send({ type: 'row' }, [{ type: 'u8', shape: [byteLength], bytes }]);
    await answer;
  }
  return write.mock.contexts.filter((socket) => socket instanceof TLSSocket).length;
}

it('writes a message once, and gives the window back when half of it is used', async () => {
  const rounds = 100;
  const writes = await writesOfEchoes(8192, rounds);
  // Both ends are in this process. Windows are 256 KiB; keep-alives and the like may come between.
  const updates = 2 * Math.ceil((rounds * 8192) / (128 * 1024));
  expect(writes).toBeGreaterThanOrEqual(2 * rounds);
  expect(writes).toBeLessThan(2 * rounds + updates + 20);
});

it('carries more than a window in one message, again and again', { timeout: 30_000 }, async () => {
  expect(await writesOfEchoes(1_500_000, 12)).toBeGreaterThan(0);
});

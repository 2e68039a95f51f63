import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TcpProxy } from './tcp-proxy.js';

let echo: Server;
let proxy: TcpProxy;

beforeEach(async () => {
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  proxy = await TcpProxy.listen((echo.address() as { port: number }).port);
});

afterEach(async () => {
  await proxy.close();
  await new Promise<void>((resolve) => echo.close(() => resolve()));
});

async function open(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

/** Sends and waits for the echo. */
async function exchange(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString();
}

describe('TcpProxy', () => {
  it('forwards both ways, and passes an orderly end on', async () => {
    const socket = await open();
    expect(await exchange(socket, 'hello')).toBe('hello');
    socket.end();
    await once(socket, 'close');
    expect(proxy.connectionCount).toBe(0);
  });

  it('is silent while it is cut, and delivers what was held back', async () => {
    const socket = await open();
    await exchange(socket, 'before');
    proxy.cut();
    let heard = '';
    const onData = (data: Buffer) => {
      heard += data.toString();
    };
    socket.on('data', onData);
    socket.write('held back');
    const late = await open();
    late.write('late');
    // Another connection that is not cut has long been answered when this one has not.
    const other = await TcpProxy.listen((echo.address() as { port: number }).port);
    const beside = connect(other.port, '127.0.0.1');
    await once(beside, 'connect');
    expect(await exchange(beside, 'beside')).toBe('beside');
    beside.destroy();
    await other.close();
    expect(heard).toBe('');
    const [, [lateData]] = await Promise.all([
      once(socket, 'data'),
      once(late, 'data') as Promise<[Buffer]>,
      Promise.resolve().then(() => proxy.mend()),
    ]);
    expect(heard).toBe('held back');
    expect(lateData.toString()).toBe('late');
    socket.destroy();
    late.destroy();
  });

  it('resets all connections at once, and takes new ones', async () => {
    const socket = await open();
    await exchange(socket, 'hello');
    const failed = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
    proxy.reset();
    const [{ code }] = await failed.catch((error: NodeJS.ErrnoException) => [error]);
    expect(code).toBe('ECONNRESET');
    const again = await open();
    expect(await exchange(again, 'again')).toBe('again');
    again.destroy();
  });
});

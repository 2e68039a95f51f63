import { createServer, connect as dial, type Server, type Socket } from 'node:net';

/**
 * Stands before a peer's port, and can do to its connections what networks do: fall silent and come
 * back, or reset everything.
 */
export class TcpProxy {
  readonly #targetPort: number;
  readonly #server: Server;
  /** Each connection from outside, with the one to the peer behind it. */
  readonly #pairs = new Map<Socket, Socket>();
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    // Nothing is read before it is forwarded: a cut stops at once what comes next.
    this.#server = createServer({ pauseOnConnect: true }, (outer) => this.#accept(outer));
  }

  /** Listens on a free port of this machine. */
  static async listen(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy is closed.');
    return address.port;
  }

  get connectionCount(): number {
    return this.#pairs.size;
  }

  /** Stops forwarding without a word. Connections stay, new ones are not answered. */
  cut(): void {
    this.#isCut = true;
    for (const [outer, inner] of this.#pairs) stopForwarding(outer, inner);
  }

  /** Forwards again, what was held back first, as TCP does after an outage. */
  mend(): void {
    this.#isCut = false;
    for (const [outer, inner] of this.#pairs) forward(outer, inner);
  }

  /** Resets every connection on both sides. New ones are taken at once. */
  reset(): void {
    for (const [outer, inner] of this.#pairs) {
      outer.resetAndDestroy();
      inner.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(outer: Socket): void {
    const inner = dial({ port: this.#targetPort, host: '127.0.0.1', noDelay: true });
    outer.setNoDelay(true);
    this.#pairs.set(outer, inner);
    const end = (other: Socket) => (hasFailed: boolean) => {
      this.#pairs.delete(outer);
      // Who sees a reset on the one side is to see it on the other.
      if (hasFailed) other.resetAndDestroy();
      else other.end();
    };
    // The `close` that follows says that there was an error.
    outer.on('error', () => undefined).on('close', end(inner));
    inner.on('error', () => undefined).on('close', end(outer));
    for (const socket of [outer, inner]) {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    }
    if (!this.#isCut) forward(outer, inner);
  }
}

function forward(outer: Socket, inner: Socket): void {
  outer.pipe(inner);
  inner.pipe(outer);
}

function stopForwarding(outer: Socket, inner: Socket): void {
  outer.unpipe(inner).pause();
  inner.unpipe(outer).pause();
}

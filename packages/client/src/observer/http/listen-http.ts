import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { SkeinError } from '@skein/protocol';

/** A request with larger headers is refused by Node before it reaches us. */
const headerBytesMax = 16 * 1024;
/** Readers of the live stream, and those who come for an answer. */
const connectionsMax = 256;

/** A server on a socket. */
export interface ListeningHttp {
  /** `http://127.0.0.1:8090`. */
  readonly url: string;
  /** Idempotent. */
  stop(): Promise<void>;
}

/**
 * Serves an app over HTTP.
 * @param options.flag is named where another port would help
 * @throws SkeinError `address-in-use`, `bad-configuration`
 */
export async function listenHttp(
  app: { fetch(request: Request): Promise<Response> },
  options: { readonly host: string; readonly port: number; readonly flag: string },
): Promise<ListeningHttp> {
  const { host, port } = options;
  const server = createAdaptorServer({
    fetch: (request) => app.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: { maxHeaderSize: headerBytesMax },
  }) as Server;
  server.maxConnections = connectionsMax;
  await listen(server, options);
  const address = server.address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether only this machine can reach a host name or address. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function listen(
  server: Server,
  { host, port, flag }: { readonly host: string; readonly port: number; readonly flag: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const text = isTaken
        ? `Port ${port} on ${host} is in use. Choose another with ${flag}, or 0 for any.`
        : `Cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new SkeinError(isTaken ? 'address-in-use' : 'bad-configuration', text, { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}

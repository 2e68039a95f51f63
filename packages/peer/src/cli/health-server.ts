import { createServer, type Server } from 'node:http';
import { SkeinError } from '@skein/protocol';
import type { PeerStatus } from '../peer-options.js';

/** Where `--http` listens. */
export interface HealthAddress {
  readonly host: string;
  readonly port: number;
}

/** A request with headers larger than this is refused by Node before it reaches us. */
const headerBytesMax = 8 * 1024;

/**
 * Serves a peer's status as JSON: `GET /healthz` answers 200 once the peer serves and 503 before,
 * `GET /api/v1/peer` tells what it hosts. Read-only.
 *
 * @throws SkeinError `address-in-use`
 */
export async function startHealthServer(
  address: HealthAddress,
  status: () => PeerStatus | null,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = createServer({ maxHeaderSize: headerBytesMax }, (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://peer');
    const current = status();
    const answer = (code: number, body: unknown) => {
      response.writeHead(code, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(405, { error: 'This server is read-only.' });
    } else if (pathname === '/healthz') {
      const isServing = current?.state === 'serving';
      answer(isServing ? 200 : 503, { state: current?.state ?? 'joining' });
    } else if (pathname === '/api/v1/peer') {
      answer(current === null ? 503 : 200, current ?? { state: 'joining' });
    } else {
      answer(404, { error: 'Known: /healthz and /api/v1/peer.' });
    }
  });
  await listen(server, address);
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : address.port;
  return {
    url: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, { host, port }: HealthAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(
        new SkeinError(
          isTaken ? 'address-in-use' : 'bad-configuration',
          isTaken
            ? `Port ${port} on ${host} is in use. Choose another with --http, or 0 for any.`
            : `Cannot listen on ${host}:${port}: ${error.message}`,
          { cause: error },
        ),
      );
    });
    server.listen(port, host, () => resolve());
  });
}

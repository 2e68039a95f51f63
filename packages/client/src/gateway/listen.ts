import type { Server, ServerResponse } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { SkeinError } from '@skein/protocol';
import { delay, systemClock } from '../clock.js';
import type { Gateway } from './gateway.js';
import { gatewayLimits } from './gateway-limits.js';

/** Where a gateway listens. */
export interface ListenOptions {
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
}

/** A gateway on a socket. */
export interface ListeningGateway {
  /** `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Stops the gateway, then closes what is open. Idempotent. See {@link Gateway.stop}. */
  stop(options?: { readonly drainMs?: number }): Promise<void>;
}

/**
 * Serves a gateway over HTTP.
 * @throws SkeinError `address-in-use`, `bad-configuration`
 */
export async function listenGateway(
  gateway: Gateway,
  options: ListenOptions,
): Promise<ListeningGateway> {
  const server = createAdaptorServer({
    fetch: (request) => gateway.fetch(request),
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: gatewayLimits.headerBytesMax,
      requestTimeout: gatewayLimits.requestMs,
    },
  }) as Server;
  server.maxConnections = gatewayLimits.connectionsMax;
  const answers = new OpenAnswers(server);
  await listen(server, options);
  const { host } = options;
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    async stop(stopOptions) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await gateway.stop(stopOptions);
      // The ends of the last answers are still on their way.
      await answers.written(gatewayLimits.writeMs);
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The answers that are not written yet. */
class OpenAnswers {
  readonly #open = new Set<ServerResponse>();
  #onNone = () => {};

  constructor(server: Server) {
    server.on('request', (_request, response: ServerResponse) => {
      this.#open.add(response);
      response.once('close', () => {
        this.#open.delete(response);
        if (this.#open.size === 0) this.#onNone();
      });
    });
  }

  /** Settles when all are written, or the time is over. */
  async written(timeMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const none = new AbortController();
    this.#onNone = () => none.abort();
    await delay(systemClock, timeMs, none.signal);
  }
}

/** Whether only this machine can reach a host name or address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function listen(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const text = isTaken
        ? `Port ${port} on ${host} is in use. Choose another with --port, or 0 for any.`
        : `Cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new SkeinError(isTaken ? 'address-in-use' : 'bad-configuration', text, { cause }));
    });
    server.listen(port, host, () => resolve());
  });
}

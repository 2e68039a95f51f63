import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadPages, type Pages } from '@skein/client/pages';
import {
  type HistoryRange,
  httpApiPaths,
  type LiveMessage,
  type ReachableAnswer,
} from '@skein/protocol/http-api';
import { historyAnswer, peerAnswer } from './fixture-answers.js';
import type { FixtureSwarm } from './fixture-swarm.js';

/** A server of a made-up swarm: the page, and all that the page asks for. */
export interface FixtureServer {
  readonly url: string;
  /** Sends messages to everybody who listens. */
  tell(messages: readonly LiveMessage[]): void;
  /** Ends all live streams, as a server does that is restarted. */
  cutOff(): void;
  stop(): Promise<void>;
}

/** @param options.pageFolder where the page was built */
export async function startFixtureServer(
  swarm: FixtureSwarm,
  options: { readonly pageFolder: string },
): Promise<FixtureServer> {
  const pages = await loadPages([{ at: '/', directory: options.pageFolder }]);
  const readers = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    void answer(request, response, { swarm, pages, readers });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tell(messages) {
      for (const reader of readers) for (const message of messages) send(reader, message);
    },
    cutOff() {
      for (const reader of readers) reader.destroy();
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Services {
  readonly swarm: FixtureSwarm;
  readonly pages: Pages;
  readonly readers: Set<ServerResponse>;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { swarm, pages, readers }: Services,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { pathname } = url;
  if (pathname === httpApiPaths.events) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    readers.add(response);
    response.on('close', () => readers.delete(response));
    for (const message of swarm.first()) send(response, message);
    return;
  }
  const found = answerFor(swarm, url);
  if (found !== undefined) {
    const isMissing = found === null;
    const missing = { error: { code: 'peer-unknown', message: 'No such peer is known here.' } };
    response.writeHead(isMissing ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isMissing ? missing : found));
    return;
  }
  const headers = new Headers({ 'accept-encoding': request.headers['accept-encoding'] ?? '' });
  const page = pages.answer(new Request(url, { headers }));
  response.writeHead(page?.status ?? 404, Object.fromEntries(page?.headers ?? []));
  response.end(page === null ? '' : Buffer.from(await page.arrayBuffer()));
}

/** Undefined: no path of the API; null: nothing there. */
function answerFor(swarm: FixtureSwarm, url: URL): object | null | undefined {
  const { pathname, searchParams } = url;
  if (pathname === httpApiPaths.swarm) return swarm.swarmAnswer();
  if (pathname === httpApiPaths.models) return { models: swarm.modelStates() };
  if (pathname === httpApiPaths.sessions) return swarm.sessionsAnswer();
  if (pathname === httpApiPaths.history) {
    const range = (searchParams.get('range') ?? 'hour') as HistoryRange;
    return historyAnswer(swarm, searchParams.get('model'), range);
  }
  if (pathname.startsWith(httpApiPaths.peers)) {
    return peerAnswer(swarm, pathname.slice(httpApiPaths.peers.length));
  }
  if (!pathname.startsWith(httpApiPaths.reachable)) return undefined;
  const peer = swarm.peers.get(pathname.slice(httpApiPaths.reachable.length));
  if (peer === undefined) return null;
  const { id, name, reachability } = peer;
  const text = `${name} was dialled and answered`;
  return { id, reachability, text } satisfies ReachableAnswer;
}

function send(reader: ServerResponse, message: LiveMessage): void {
  reader.write(`event: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`);
}

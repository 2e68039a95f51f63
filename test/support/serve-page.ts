import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page on this machine. A test stops it. */
export interface ServedPage {
  readonly url: string;
  stop(): void;
}

/** Serves an empty page with a bundle, from an address from which Chromium lets it dial peers here. */
export async function servePage(bundle: string): Promise<ServedPage> {
  const server = createServer(({ url }, response) => {
    const isBundle = url === '/bundle.js';
    response.writeHead(200, { 'content-type': isBundle ? 'text/javascript' : 'text/html' });
    response.end(isBundle ? bundle : '<body><script type="module" src="/bundle.js"></script>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, stop: () => server.close() };
}

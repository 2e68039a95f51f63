import { builtinModules } from 'node:module';
import { gzipSync } from 'node:zlib';
import { createClient, type SkeinClient } from '@skein/client';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserBundle, buildForBrowser } from '../support/build-browser.js';
import { launchChromium, whyNoBrowser } from '../support/chromium.js';
import { tinyTales } from '../support/gateway.js';
import { type ServedPage, servePage } from '../support/serve-page.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

/** Of the SDK with all that it needs, compressed as servers send it. */
const gzipBytesMax = 420 * 1024;

let bundle: BrowserBundle;

beforeAll(async () => {
  bundle = await buildForBrowser('page.ts');
});

describe('the SDK as a bundle for browsers', () => {
  it('holds nothing of Node', () => {
    const gzipBytes = gzipSync(bundle.code).byteLength;
    console.log(`bundle: ${bundle.code.length} bytes, ${gzipBytes} compressed`);
    expect(gzipBytes).toBeLessThan(gzipBytesMax);
    expect(bundle.imports).toEqual([]);
    const builtin = new RegExp(`["'](node:[a-z/_]+|${builtinModules.join('|')})["']`);
    expect(bundle.modules.filter((path) => /^node:|browser-external/.test(path))).toEqual([]);
    expect(
      bundle.code.match(new RegExp(`(from|import|require)\\s*\\(?\\s*${builtin.source}`)),
    ).toBeNull();
    expect(bundle.modules.some((path) => path.endsWith('browser-platform.js'))).toBe(true);
    expect(bundle.modules.some((path) => path.includes('/gateway/'))).toBe(false);
  });
});

describe.skipIf(whyNoBrowser !== null)(`in Chromium (${whyNoBrowser ?? 'found'})`, () => {
  const request = {
    model: 'tiny-tales',
    messages: [{ role: 'user', content: 'Tell me a story about a fox.' }],
    seed: 6,
    temperature: 0.8,
    maxTokens: 80,
    ignoreEos: true,
  };
  let swarm: Swarm;
  let client: SkeinClient;
  let served: ServedPage;
  let page: Page;

  beforeAll(async () => {
    const blocks = ['0:4', '4:8', '0:4', '4:8'];
    const parameters = ['--listen', '/ip4/127.0.0.1/tcp/0/ws'];
    swarm = await startSwarm({ model: tinyTales, blocks, parameters });
    client = createClient({ bootstrap: [swarm.bootstrap] });
    await client.start();
    served = await servePage(bundle.code);
    const browser = await launchChromium();
    page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`the page: ${error}`));
    await page.goto(served.url);
  });

  afterAll(async () => {
    await page.context().browser()?.close();
    served.stop();
    await client.stop();
    await stopEverything();
  });

  it('generates what Node does, and goes on when a peer is killed', async () => {
    const expected: number[] = [];
    for await (const event of client.generate(request)) {
      if (event.type === 'token') expected.push(event.id);
    }
    const address = swarm.peers[0]?.multiaddrs.find((multiaddr) => multiaddr.includes('/ws'));
    const unbroken = await generate(page, { bootstrap: [address as string], request });
    expect(unbroken).toMatchObject({ ids: expected, reroutes: 0 });
    // Told by the page, whose tokens it then waits for no longer.
    await page.exposeFunction('killPeer', (peer: string) => {
      swarm.peerById(peer).process.kill('SIGKILL');
    });
    const broken = await generate(page, { bootstrap: [address as string], request, killAfter: 30 });
    expect(broken.ids).toEqual(expected);
    expect(broken.reroutes).toBeGreaterThan(0);
  });
});

interface Task {
  readonly bootstrap: readonly string[];
  readonly request: object;
  /** Tokens after which the last hop is killed. */
  readonly killAfter?: number;
}

/** Generates in the page. The function is sent there as text. */
function generate(page: Page, task: Task): Promise<{ ids: number[]; reroutes: number }> {
  return page.evaluate(async ({ bootstrap, request, killAfter }: Task) => {
    const { skein, killPeer } = globalThis as unknown as {
      skein: { createClient: typeof createClient };
      killPeer: (peer: string) => Promise<void>;
    };
    const client = skein.createClient({ bootstrap });
    await client.start();
    const ids: number[] = [];
    let reroutes = 0;
    let last = '';
    for await (const event of client.generate(request as Parameters<SkeinClient['generate']>[0])) {
      if (event.type === 'route') last = event.hops.at(-1)?.peer ?? '';
      if (event.type === 'reroute') reroutes += 1;
      if (event.type === 'token' && ids.push(event.id) === killAfter) await killPeer(last);
    }
    await client.stop();
    return { ids, reroutes };
  }, task);
}

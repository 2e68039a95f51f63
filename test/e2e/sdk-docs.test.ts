import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildForBrowser } from '../support/build-browser.js';
import { launchChromium, whyNoBrowser } from '../support/chromium.js';
import { tinyTales } from '../support/gateway.js';
import { servePage } from '../support/serve-page.js';
import { command, stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

interface Block {
  /** The heading above it. */
  readonly title: string;
  readonly language: string;
  readonly code: string;
}

const page = fileURLToPath(new URL('../../docs/sdk.md', import.meta.url));
/** Within the package, so that programs find the SDK; git ignores it. */
const parent = fileURLToPath(new URL('../node_modules/.docs', import.meta.url));
mkdirSync(parent, { recursive: true });
const folder = mkdtempSync(join(parent, 'sdk-'));

function readBlocks(): Block[] {
  const blocks: Block[] = [];
  const pattern = /^## (.*)$|^```(\S.*)\n([\s\S]*?)^```$/gm;
  let title = '';
  for (const [, heading, language, code] of readFileSync(page, 'utf8').matchAll(pattern)) {
    if (heading !== undefined) title = heading;
    else blocks.push({ title, language: language as string, code: code as string });
  }
  return blocks;
}

const blocks = readBlocks();

let swarm: Swarm;

beforeAll(async () => {
  const parameters = ['--listen', '/ip4/127.0.0.1/tcp/0/ws'];
  swarm = await startSwarm({ model: tinyTales, blocks: ['0:4', '4:8'], parameters });
});

afterAll(async () => {
  await stopEverything();
  rmSync(folder, { recursive: true });
});

/** The program with addresses of this swarm in place of those of the page. */
function withAddresses({ code }: Block): string {
  const multiaddrs = swarm.peers[0]?.multiaddrs ?? [];
  const webSocket = multiaddrs.find((address) => address.includes('/ws')) ?? '';
  return code
    .replaceAll(/\/ip4\/203\.0\.113\.7\/tcp\/4002\/ws\S*…/g, webSocket)
    .replaceAll(/\/ip4\/203\.0\.113\.7\S*…/g, swarm.bootstrap);
}

async function run(program: string, parameters: readonly string[]) {
  const child = spawn(program, parameters, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  return { code, stdout, stderr };
}

describe('the programs of docs/sdk.md', () => {
  it('are there', () => {
    expect(blocks.filter(({ language }) => language === 'ts').length).toBeGreaterThan(7);
    expect(blocks.every(({ language }) => ['ts', 'ts browser', 'sh'].includes(language))).toBe(
      true,
    );
  });

  it.each(blocks.filter(({ language }) => language === 'ts'))('$title', async (block) => {
    const file = join(folder, `${blocks.indexOf(block)}.mjs`);
    writeFileSync(file, withAddresses(block));
    const { code, stdout, stderr } = await run(process.execPath, [file]);
    expect(code, stderr).toBe(0);
    expect(stdout.trim()).not.toBe('');
    expect(stdout).not.toContain('undefined');
  });

  it.each(blocks.filter(({ language }) => language === 'sh'))(
    '$title, from a shell',
    async (block) => {
      const skein = `"${process.execPath}" "${command}"`;
      const script = withAddresses(block).replaceAll('pnpm skein', skein);
      const { code, stdout, stderr } = await run('sh', ['-e', '-c', script]);
      expect(code, stderr).toBe(0);
      expect(stdout).toContain('perplexity');
    },
  );

  const inBrowsers = blocks.filter(({ language }) => language === 'ts browser');
  it.each(inBrowsers)('$title, as a bundle', async (block) => {
    const file = join(folder, 'page.mjs');
    writeFileSync(file, withAddresses(block));
    const bundle = await buildForBrowser(file);
    expect(bundle.imports).toEqual([]);
    if (whyNoBrowser !== null) return console.warn(whyNoBrowser);
    const served = await servePage(bundle.code);
    const browser = await launchChromium();
    try {
      const tab = await browser.newPage();
      tab.on('pageerror', (error) => console.error(`the page: ${error}`));
      await tab.goto(served.url);
      await tab.waitForFunction("document.title === 'done'");
      expect(String(await tab.evaluate('document.body.innerText')).length).toBeGreaterThan(40);
    } finally {
      await browser.close();
      served.stop();
    }
  });
});

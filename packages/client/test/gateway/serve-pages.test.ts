import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { singleApiKey } from '../../src/gateway/index.js';
import { loadPages, type Pages } from '../../src/pages/index.js';
import { setUpGateway } from './support/toy-gateway.js';

let pages: Pages;

beforeAll(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'skein gateway page '));
  await writeFile(join(directory, 'index.html'), '<!doctype html>');
  pages = await loadPages([{ at: '/', directory }]);
});

const from = (host: string) => ({ headers: { host } });

describe('a gateway with a page', () => {
  it('serves it to this machine, and leaves the endpoints what they are', async () => {
    const { fetch } = setUpGateway({ pages });
    const page = await fetch('/', from('localhost:8080'));
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.headers.get('x-request-id')).toMatch(/^req_/);
    expect(await page.text()).toBe('<!doctype html>');
    expect((await fetch('/healthz')).headers.get('content-type')).toContain('json');
    expect((await fetch('/v1/nothing')).status).toBe(404);
    expect((await fetch('/nothing')).status).toBe(404);
  });

  it('serves it under no other name', async () => {
    const { fetch } = setUpGateway({ pages });
    const answer = await fetch('/', from('evil.example'));
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ error: { code: 'host_not_allowed' } });
  });

  it('serves it without a key, so that it can ask for one, and nothing else', async () => {
    const { fetch } = setUpGateway({ pages, keys: [singleApiKey('fox-key-0001')] });
    expect((await fetch('/', from('swarm.example'))).status).toBe(200);
    expect((await fetch('/v1/models', from('swarm.example'))).status).toBe(401);
  });
});

describe('a gateway without one', () => {
  it('has nothing at its root', async () => {
    const { fetch } = setUpGateway();
    expect((await fetch('/')).status).toBe(404);
  });
});

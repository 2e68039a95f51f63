import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadPages, type Pages } from '../../src/pages/index.js';

let folder = '';
let pages: Pages;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein pages '));
  const page = join(folder, 'page');
  await mkdir(join(page, 'assets'), { recursive: true });
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await writeFile(join(page, 'index.html'), `<!doctype html>${' '.repeat(2000)}`);
  await writeFile(join(page, 'assets', 'index-4f2a.js'), 'run()');
  await writeFile(join(page, 'assets', 'notes.psd'), 'no type');
  await symlink(join(folder, 'secret.txt'), join(page, 'link.txt'));
  pages = await loadPages([
    { at: '/', directory: page },
    { at: '/dashboard/', directory: page },
  ]);
});

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  pages.answer(new Request(`http://localhost${path}`, { headers, method }));

describe('Pages', () => {
  it.each(['/', '/index.html', '/dashboard/'])('answers %s with the page', async (path) => {
    const response = ask(path);
    expect(response?.status).toBe(200);
    expect(response?.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response?.headers.get('cache-control')).toBe('no-cache');
    expect(await response?.text()).toMatch(/^<!doctype html>/);
  });

  it('lets a page load nothing from elsewhere, and text become no HTML', () => {
    const policy = ask('/')?.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toMatch(/unsafe|https?:/);
    expect(ask('/')?.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('keeps files that are named by their content forever', () => {
    const response = ask('/assets/index-4f2a.js');
    expect(response?.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response?.headers.get('cache-control')).toContain('immutable');
  });

  it('answers 304 to whoever has the content', async () => {
    const tag = ask('/')?.headers.get('etag') ?? '';
    expect(tag).toMatch(/^"[\w-]{22}"$/);
    for (const given of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
      const response = ask('/', { 'if-none-match': given });
      expect(response?.status).toBe(304);
      expect(response?.headers.get('etag')).toBe(tag);
      expect(await response?.text()).toBe('');
    }
    expect(ask('/', { 'if-none-match': '"other"' })?.status).toBe(200);
  });

  it('compresses for those who can read it, under another tag', async () => {
    const plain = ask('/');
    const compressed = ask('/', { 'accept-encoding': 'br, gzip' });
    expect(compressed?.headers.get('content-encoding')).toBe('gzip');
    expect(compressed?.headers.get('etag')).not.toBe(plain?.headers.get('etag'));
    expect(compressed?.headers.get('vary')).toBe('accept-encoding');
    const bytes = new Uint8Array((await compressed?.arrayBuffer()) ?? new ArrayBuffer(0));
    expect(gunzipSync(bytes).toString()).toBe(await plain?.text());
  });

  it('answers HEAD with the headers alone', async () => {
    const response = ask('/', {}, 'HEAD');
    expect(response?.headers.get('content-length')).toBe('2015');
    expect(await response?.text()).toBe('');
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    `/${'../'.repeat(20)}etc/passwd`,
    '/link.txt',
    '/assets/notes.psd',
    '/assets/',
    '/missing',
    '/index.html%00.js',
  ])('has no %s', (path) => {
    expect(ask(path)).toBeNull();
  });

  it('has no file for other methods', () => {
    expect(ask('/', {}, 'POST')).toBeNull();
  });

  it('adds the slash that relative addresses need', () => {
    const response = ask('/dashboard');
    expect(response?.status).toBe(308);
    expect(response?.headers.get('location')).toBe('/dashboard/');
  });
});

describe('loadPages', () => {
  it('refuses a folder that was not built, and a path that is none', async () => {
    const empty = await mkdtemp(join(folder, 'empty'));
    await expect(loadPages([{ at: '/', directory: empty }])).rejects.toMatchObject({
      code: 'bad-argument',
    });
    const directory = join(folder, 'page');
    await expect(loadPages([{ at: 'dashboard', directory }])).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });

  it('refuses folders without end', async () => {
    const deep = join(folder, 'deep', 'a', 'b', 'c', 'd', 'e', 'f');
    await mkdir(deep, { recursive: true });
    const directory = join(folder, 'deep');
    await expect(loadPages([{ at: '/', directory }])).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });
});

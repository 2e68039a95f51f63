import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  apiFailureSchema,
  historyAnswerSchema,
  type LiveMessage,
  liveMessageSchema,
  swarmAnswerSchema,
} from '@skein/protocol/http-api';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { answerLive } from '../../src/observer/http/answer-live.js';
import { LiveFeed } from '../../src/observer/http/live-feed.js';
import {
  addSwarmMetrics,
  createObserver,
  createSwarmApp,
  type Observer,
  ProcessMetrics,
  type SwarmAppOptions,
} from '../../src/observer/index.js';
import { observerLimits } from '../../src/observer/observer-limits.js';
import { loadPages } from '../../src/pages/index.js';
import { Cleanup, recordBody, startMember } from '../network/support.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** An observer that is a member itself, with one peer: itself. */
async function observeOne(): Promise<Observer> {
  const member = await startMember(cleanup);
  await member.directory.publish(recordBody(member.node, 'anser'));
  const observer = createObserver({
    node: member.node,
    directory: member.directory,
    kind: 'peer',
    version: '0.1.0',
  });
  cleanup.add(() => observer.stop());
  await observer.start({ waitMs: 1_000 });
  return observer;
}

function appOf(observer: Observer | null, options: Partial<SwarmAppOptions> = {}) {
  const app = createSwarmApp({
    observer: () => observer,
    page: null,
    pagePath: '/',
    isLocal: true,
    ...options,
  });
  cleanup.add(async () => app.stop());
  return app;
}

const get = (path: string, init: RequestInit = {}) => new Request(`http://localhost${path}`, init);

describe('the HTTP API', () => {
  it('answers the swarm and history by their schemas', async () => {
    const app = appOf(await observeOne());
    const swarm = await app.fetch(get('/api/v1/swarm'));
    expect(swarmAnswerSchema.parse(await swarm.json()).peers.serving).toBe(1);
    expect(swarm.headers.get('cache-control')).toBe('no-store');
    for (const query of ['', '?range=day', '?range=week&model=tiny']) {
      const history = await app.fetch(get(`/api/v1/history${query}`));
      historyAnswerSchema.parse(await history.json());
    }
  });

  it.each([
    ['/api/v1/peers/12D3nobody', 404, 'peer-unknown'],
    ['/api/v1/reachable/12D3nobody', 404, 'peer-unknown'],
    ['/api/v1/history?range=year', 400, 'bad-argument'],
    ['/api/v1/history?model=another', 404, 'model-unknown'],
    ['/api/v1/nothing', 404, 'unknown-path'],
    ['/', 404, 'no-page'],
    ['/../../etc/passwd', 404, 'unknown-path'],
  ])('answers %s with %d', async (path, status, code) => {
    const app = appOf(await observeOne());
    const response = await app.fetch(get(path));
    expect(response.status).toBe(status);
    expect(apiFailureSchema.parse(await response.json()).error.code).toBe(code);
  });

  it('answers 503 before there is a swarm', async () => {
    const response = await appOf(null).fetch(get('/api/v1/swarm'));
    expect(response.status).toBe(503);
    expect(apiFailureSchema.parse(await response.json()).error.code).toBe('not-ready');
  });

  it('is read-only', async () => {
    const app = appOf(await observeOne());
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect((await app.fetch(get('/api/v1/swarm', { method }))).status).toBe(405);
    }
  });

  it.each([
    ['evil.example', 403],
    ['localhost.evil.example', 403],
    ['127.0.0.1.evil.example:80', 403],
    ['localhost:8090', 200],
    ['127.0.0.1', 200],
    ['[::1]:8090', 200],
  ])('to a request for the host %s answers %d where it is local', async (host, status) => {
    const observer = await observeOne();
    const request = () => get('/api/v1/swarm', { headers: { host } });
    expect((await appOf(observer).fetch(request())).status).toBe(status);
    expect((await appOf(observer, { isLocal: false }).fetch(request())).status).toBe(200);
  });

  it('serves the page under its path, with its own headers, and nothing beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skein page '));
    cleanup.add(async () => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'index.html'), '<title>Skein</title>');
    const page = await loadPages([{ at: '/dashboard/', directory: folder }]);
    const app = appOf(null, { page, pagePath: '/dashboard/' });
    const index = await app.fetch(get('/dashboard/'));
    expect(await index.text()).toBe('<title>Skein</title>');
    expect(index.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect((await app.fetch(get('/dashboard'))).status).toBe(308);
    for (const path of ['/dashboard/../secret.txt', '/dashboard/%2e%2e/secret.txt', '/']) {
      expect((await app.fetch(get(path))).status).toBe(404);
    }
    expect(['/dashboard', '/dashboard/x.js', '/api/v1/swarm'].map((path) => app.has(path))).toEqual(
      [true, true, true],
    );
    expect(['/v1/models', '/metrics', '/dashboards'].some((path) => app.has(path))).toBe(false);
  });

  it('has metrics that name models, and no blocks or peers', async () => {
    const observer = await observeOne();
    const metrics = new ProcessMetrics();
    addSwarmMetrics(metrics.registry, () => observer);
    const app = appOf(observer, { metrics: () => metrics.expose() });
    const text = await (await app.fetch(get('/metrics'))).text();
    expect(text).toContain('skein_model_blocks_unhosted{model="tiny"} 4');
    expect(text).toContain('skein_model_health{model="tiny"} 0');
    expect(text).toContain('skein_swarm_peers{state="serving"} 1');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
  });
});

/** Reads a live stream until enough messages came. */
async function readLive(response: Response, isEnough: (messages: LiveMessage[]) => boolean) {
  const messages: LiveMessage[] = [];
  let text = '';
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  while (!isEnough(messages)) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      const message = liveMessageSchema.parse(JSON.parse(data));
      expect(event).toContain(`event: ${message.type}`);
      messages.push(message);
    }
  }
  await reader.cancel();
  return messages;
}

describe('the live stream', () => {
  it('begins with the whole state, and tells what changes', async () => {
    const observer = await observeOne();
    const app = appOf(observer);
    const response = await app.fetch(get('/api/v1/events'));
    const [peer] = observer.peers();
    const reading = readLive(response, (messages) => messages.some(({ type }) => type === 'event'));
    observer.noteBan(peer?.id as never, 1_000);
    const messages = await reading;
    expect(messages.map(({ type }) => type).slice(0, 4)).toEqual([
      'swarm',
      'models',
      'peers',
      'sessions',
    ]);
    expect(messages.at(-1)).toMatchObject({ type: 'event', event: { kind: 'banned' } });
  });

  it('gives a reader who comes back what it missed', async () => {
    const observer = await observeOne();
    const [peer] = observer.peers();
    for (let count = 0; count < 3; count += 1) observer.noteBan(peer?.id as never, 1_000);
    const app = appOf(observer);
    const isWhole = (messages: LiveMessage[]) => messages.some(({ type }) => type === 'sessions');
    const idsFor = async (headers: Record<string, string>) => {
      const response = await app.fetch(get('/api/v1/events', { headers }));
      const messages = await readLive(response, isWhole);
      return messages.flatMap((message) => (message.type === 'event' ? [message.event.id] : []));
    };
    expect(await idsFor({})).toEqual([1, 2, 3]);
    expect(await idsFor({ 'last-event-id': '2' })).toEqual([3]);
    // Of an earlier run of the observer.
    expect(await idsFor({ 'last-event-id': '99' })).toEqual([1, 2, 3]);
    expect(await idsFor({ 'last-event-id': 'x' })).toEqual([1, 2, 3]);
  });

  it('cuts off a reader that does not keep up, and no other', async () => {
    const observer = await observeOne();
    const feed = new LiveFeed(observer, systemClock);
    const slow = answerLive(feed, undefined);
    const [peer] = observer.peers();
    expect(feed.readerCount).toBe(1);
    for (let bytes = 0; bytes < 2 * observerLimits.liveBufferedBytesMax; bytes += 100) {
      observer.noteBan(peer?.id as never, 1_000);
    }
    expect(feed.readerCount).toBe(0);
    await expect(slow.text()).rejects.toThrow('the reader does not keep up');
    feed.stop();
  });

  it('takes so many readers, and frees the places of those who leave', async () => {
    const app = appOf(await observeOne());
    const open: Response[] = [];
    for (let reader = 0; reader < observerLimits.liveReadersMax; reader += 1) {
      open.push(await app.fetch(get('/api/v1/events')));
    }
    expect((await app.fetch(get('/api/v1/events'))).status).toBe(429);
    await open[0]?.body?.cancel();
    expect((await app.fetch(get('/api/v1/events'))).status).toBe(200);
  });
});

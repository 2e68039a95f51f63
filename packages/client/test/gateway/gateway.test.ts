import { Gauge, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parseApiKeys, singleApiKey } from '../../src/gateway/admission/api-keys.js';
import { gatewayLimits } from '../../src/gateway/gateway-limits.js';
import { idle } from '../support/test-clock.js';
import { readEvents, setUpGateway } from './support/toy-gateway.js';

const path = '/v1/chat/completions';
const basis = { model: 'toy', messages: [{ role: 'user', content: 'tell me' }], max_tokens: 6 };

type Toy = ReturnType<typeof setUpGateway>;

async function get(gateway: Toy, url: string, init: RequestInit = {}) {
  const response = await gateway.run(gateway.fetch(url, init));
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: () => JSON.parse(text) };
}

describe('the gateway', () => {
  it('lists models, also those with a slash', async () => {
    const gateway = setUpGateway();
    expect((await get(gateway, '/v1/models')).body()).toEqual({
      object: 'list',
      data: [{ id: 'toy', object: 'model', created: 1_700_000_001, owned_by: 'skein' }],
    });
    expect((await get(gateway, '/v1/models/toy')).body()).toMatchObject({ id: 'toy' });
    const missing = await get(gateway, '/v1/models/Qwen%2FQwen3-8B');
    expect(missing.status).toBe(404);
    expect(missing.body().error.message).toContain('"Qwen/Qwen3-8B"');
  });

  it('is ready while there is a route', async () => {
    const gateway = setUpGateway();
    expect(await get(gateway, '/healthz')).toMatchObject({ status: 200 });
    expect((await get(gateway, '/readyz')).body()).toEqual({
      status: 'ready',
      models: [{ model: 'toy', complete: true, peers: 6, missing_blocks: [] }],
    });
    const broken = setUpGateway({ peers: [{ name: 'a1', span: [0, 2] }] });
    const answer = await get(broken, '/readyz');
    expect(answer.status).toBe(503);
    expect(answer.body().models[0].missing_blocks).toEqual([{ start: 2, end: 6 }]);
    expect((await get(setUpGateway({ peers: [] }), '/readyz')).status).toBe(503);
  });

  it('counts', async () => {
    const gateway = setUpGateway();
    await gateway.ask(path, basis);
    await gateway.ask(path, { ...basis, model: 'x' });
    const { text, headers } = await get(gateway, '/metrics');
    expect(headers.get('content-type')).toContain('text/plain');
    const labels = 'model="toy",target="toy",endpoint="chat-completions"';
    expect(text).toContain(`skein_gateway_requests_total{${labels}} 1`);
    expect(text).toContain(`skein_gateway_tokens_total{${labels},kind="completion"} 6`);
    expect(text).toContain('skein_gateway_answers_total{status="404"} 1');
    expect(text).toContain('skein_gateway_kept_sessions 1');
    expect(text).not.toContain('model="x"');
  });

  it('counts in the registry that it is given, and answers all of that', async () => {
    const registry = new Registry();
    new Gauge({ name: 'of_another_part', help: '…', registers: [registry] }).set(7);
    const gateway = setUpGateway({ registry });
    await gateway.ask(path, basis);
    const { text, headers } = await get(gateway, '/metrics');
    expect(headers.get('content-type')).toBe(registry.contentType);
    expect(text).toMatch(/^of_another_part 7$/m);
    expect(text).toMatch(/^skein_gateway_requests_total\{.*\} 1$/m);
    expect(await registry.metrics()).toMatch(/^skein_gateway_requests_total/m);
  });

  it('says where the swarm is shown, if it is', async () => {
    expect((await get(setUpGateway(), '/healthz')).body()).toEqual({ status: 'ok' });
    const gateway = setUpGateway({ dashboardPath: '/dashboard/' });
    const body = { status: 'ok', dashboard: '/dashboard/' };
    expect((await get(gateway, '/healthz')).body()).toEqual(body);
  });

  it('answers in the shape of errors, whatever is asked', async () => {
    const gateway = setUpGateway();
    const nowhere = await get(gateway, '/v1/nowhere');
    expect(nowhere.status).toBe(404);
    expect(nowhere.body().error).toMatchObject({ code: 'unknown_url' });
    for (const body of ['', '{', '[1]', 'null', '"x"']) {
      const { status, body: answer } = await gateway.ask(path, body);
      expect(status).toBe(400);
      expect(answer.error.type).toBe('invalid_request_error');
    }
    const large = await gateway.ask(path, 'x'.repeat(gatewayLimits.bodyBytesMax + 1));
    expect(large).toMatchObject({ status: 413, body: { error: { code: 'body_too_large' } } });
    const headers = { 'content-type': 'text/plain' };
    expect(await gateway.ask(path, basis, { headers })).toMatchObject({ status: 415 });
  });

  it('gives requests an id, or takes theirs', async () => {
    const gateway = setUpGateway();
    const ids = [];
    for (const given of ['my-id.1', 'not an id', 'x'.repeat(129)]) {
      const { headers } = await get(gateway, '/healthz', { headers: { 'x-request-id': given } });
      ids.push(headers.get('x-request-id'));
    }
    expect(ids[0]).toBe('my-id.1');
    expect(ids[1]).toMatch(/^req_[0-9a-f]{32}$/);
    expect(ids[2]).toMatch(/^req_/);
  });

  it('lets pages of named origins ask', async () => {
    const asked = { origin: 'https://chat.example', 'access-control-request-method': 'POST' };
    const preflight = (gateway: Toy, origin: string) =>
      get(gateway, path, { method: 'OPTIONS', headers: { ...asked, origin } });
    const open = setUpGateway({
      corsOrigins: ['https://chat.example'],
      keys: [singleApiKey('a-key-of-ours')],
    });
    const allowed = await preflight(open, 'https://chat.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://chat.example');
    expect(allowed.status).toBe(204);
    const other = await preflight(open, 'https://other.example');
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
    const closed = await preflight(setUpGateway(), 'https://chat.example');
    expect(closed.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('who may ask', () => {
  it('everybody on this machine, without keys', async () => {
    const gateway = setUpGateway();
    const statusOf = async (host: string) =>
      (await get(gateway, '/v1/models', { headers: { host } })).status;
    for (const host of ['localhost', 'localhost:8080', '127.0.0.1:1', '[::1]:80', '127.1.2.3']) {
      expect(await statusOf(host)).toBe(200);
    }
    for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80']) {
      expect(await statusOf(host)).toBe(403);
    }
  });

  it('holders of a key, within its quotas', async () => {
    const keys = parseApiKeys({
      keys: [{ name: 'fox', key: 'fox-key-0001', 'requests-per-minute': 1 }],
    });
    const gateway = setUpGateway({ keys });
    const as = (authorization: string) => ({ headers: { authorization } });
    expect(await get(gateway, '/v1/models')).toMatchObject({ status: 401 });
    for (const wrong of ['Bearer fox-key-0002', 'Basic fox-key-0001', 'fox-key-0001', 'Bearer ']) {
      const { status, headers, body } = await get(gateway, '/v1/models', as(wrong));
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toBe('Bearer');
      expect(body().error.code).toBe('invalid_api_key');
    }
    const right = as('Bearer fox-key-0001');
    const remote = { headers: { ...right.headers, host: 'skein.example' } };
    expect(await get(gateway, '/v1/models', remote)).toMatchObject({ status: 200 });
    expect((await gateway.ask(path, basis, right)).status).toBe(200);
    const refused = await gateway.ask(path, basis, right);
    expect(refused.status).toBe(429);
    expect(refused.body.error).toMatchObject({ code: 'rate_limit_exceeded', limit: 1 });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('createGateway', () => {
  const twice = [singleApiKey('a-key-of-ours'), singleApiKey('another-key')];
  const alias = { name: 'toy', targets: [{ model: 'toy', weight: 1 }] };

  it.each([
    ['keys of one name', { keys: twice }],
    ['models of one name', { models: [alias, alias] }],
    ['no models', { models: [] }],
    ['no places', { concurrency: 0 }],
    ['more places than peers give sessions', { concurrency: 500 }],
    ['half a session', { keptSessions: 0.5 }],
  ])('refuses %s', (_title, options) => {
    expect(() => setUpGateway(options)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});

describe('many at once', () => {
  it('run as many as there are places, the others after them', async () => {
    const gateway = setUpGateway({ concurrency: 2, keptSessions: 0 });
    let most = 0;
    const answers = Array.from({ length: 8 }, (_, seed) =>
      gateway.post(path, { ...basis, seed, stream: true }).then(readEvents),
    );
    const all = Promise.all(answers);
    const watch = setInterval(() => {
      most = Math.max(most, gateway.swarm.peer('a1').hops.size);
    }, 0);
    const outcomes = await gateway.run(all);
    clearInterval(watch);
    expect(outcomes.every(({ events }) => events.at(-1) === '[DONE]')).toBe(true);
    expect(most).toBeLessThanOrEqual(2);
    expect(gateway.swarm.openSessions).toBe(0);
  });

  it('counts tokens of what began only', async () => {
    const keys = parseApiKeys({
      keys: [{ name: 'fox', key: 'fox-key-0001', 'tokens-per-day': 30 }],
    });
    const headers = { authorization: 'Bearer fox-key-0001' };
    const broken = setUpGateway({ keys, peers: [{ name: 'a1', span: [0, 2] }] });
    const whole = setUpGateway({ keys });
    const statuses = { broken: [] as number[], whole: [] as number[] };
    for (let round = 0; round < 3; round += 1) {
      statuses.broken.push((await broken.ask(path, basis, { headers })).status);
      statuses.whole.push((await whole.ask(path, basis, { headers })).status);
    }
    // 15 tokens of the prompt and 6 of the answer: the second request crosses the line.
    expect(statuses.whole).toEqual([200, 200, 429]);
    expect(statuses.broken).toEqual([503, 503, 503]);
  });

  it('a key has no more places than it may', async () => {
    const keys = parseApiKeys({ keys: [{ name: 'fox', key: 'fox-key-0001', concurrent: 1 }] });
    const gateway = setUpGateway({ keys, keptSessions: 0 });
    const headers = { authorization: 'Bearer fox-key-0001' };
    const opened = () => gateway.swarm.peer('a1').opened;
    const waiting = gateway.post(path, { ...basis, stream: true }, { headers });
    const response = await gateway.run(waiting);
    const second = gateway.post(path, basis, { headers });
    await idle();
    expect(opened()).toBe(1);
    await gateway.run(response.text());
    expect((await gateway.run(second)).status).toBe(200);
    expect(opened()).toBe(2);
  });
});

describe('a caller that leaves', () => {
  it('a stream: ends its session on all peers', async () => {
    const gateway = setUpGateway();
    const response = await gateway.run(
      gateway.post(path, { ...basis, max_tokens: 100, stream: true }),
    );
    expect(gateway.swarm.openSessions).toBe(3);
    await gateway.run(response.body?.cancel() ?? Promise.reject(new Error('no body')));
    await idle();
    expect(gateway.swarm.openSessions).toBe(0);
  });

  it('a whole answer: ends its session on all peers', async () => {
    const gateway = setUpGateway();
    const leave = new AbortController();
    gateway.swarm.peer('b1').rules.push(() => {
      leave.abort();
      return 'drop';
    });
    const { status } = await gateway.ask(path, basis, { signal: leave.signal });
    expect(status).toBe(503);
    await idle();
    expect(gateway.swarm.openSessions).toBe(0);
  });

  it('the queue: leaves it', async () => {
    const gateway = setUpGateway({ concurrency: 1 });
    const response = await gateway.run(
      gateway.post(path, { ...basis, max_tokens: 50, stream: true }),
    );
    const leave = new AbortController();
    const waiting = gateway.post(path, basis, { signal: leave.signal });
    await idle();
    leave.abort();
    expect((await gateway.run(waiting)).status).toBe(503);
    await gateway.run(response.text());
    expect(gateway.swarm.peer('a1').opened).toBe(1);
  });
});

describe('a gateway that stops', () => {
  it('lets an answer end', async () => {
    const gateway = setUpGateway();
    const response = await gateway.run(gateway.post(path, { ...basis, stream: true }));
    const stopped = gateway.gateway.stop();
    const { events } = await gateway.run(readEvents(response));
    expect(events.at(-1)).toBe('[DONE]');
    await gateway.run(stopped);
    expect(gateway.swarm.openSessions).toBe(0);
  });

  it('ends one that takes too long, and says so', async () => {
    const gateway = setUpGateway();
    const response = await gateway.run(
      gateway.post(path, { ...basis, max_tokens: 150, stream: true }),
    );
    const stopped = gateway.gateway.stop({ drainMs: 0 });
    await idle();
    gateway.clock.fireNext();
    const { events } = await gateway.run(readEvents(response));
    expect(events.at(-1)).toMatchObject({ error: { code: 'stopping' } });
    await gateway.run(stopped);
    expect(gateway.swarm.openSessions).toBe(0);
  });
});

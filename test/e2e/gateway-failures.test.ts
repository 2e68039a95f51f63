import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { startGateway, type TestGateway, tinyTales } from '../support/gateway.js';
import { sessionsOn, untilFree } from '../support/peer-status.js';
import { runSkein, SkeinProcess, stopEverything } from '../support/skein-process.js';
import { type SwarmPeer, startSwarm } from '../support/swarm.js';

const model = 'tiny-tales';
const messages = [{ role: 'user' as const, content: 'Tell me a story about a fox.' }];
/** Long enough to be interrupted, and the same each time. */
const story = { model, messages, seed: 3, temperature: 0.7, max_tokens: 200, ignore_eos: true };

afterEach(stopEverything);

const streamStory = (openai: OpenAI, signal?: AbortSignal) =>
  openai.chat.completions.create(
    { ...story, stream: true } as OpenAI.ChatCompletionCreateParamsStreaming,
    signal === undefined ? {} : { signal },
  );

/** Between two looks at what others bring about. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

const withHealth = { model: tinyTales, parameters: ['--http', '127.0.0.1:0'] };

describe('a caller that leaves', () => {
  it.each(['a stream', 'a whole answer'])('of %s frees its session at once', async (kind) => {
    const swarm = await startSwarm({ ...withHealth, blocks: ['0:4', '4:8'] });
    const { openai } = await startGateway(swarm);
    const leave = new AbortController();
    if (kind === 'a stream') {
      const stream = await streamStory(openai, leave.signal);
      // Not a loop: leaving one would already end the request.
      const chunks = stream[Symbol.asyncIterator]();
      while (!(await chunks.next()).value?.choices[0]?.delta.content);
      expect(await Promise.all(swarm.peers.map(sessionsOn))).toEqual([1, 1]);
      leave.abort();
    } else {
      const request = {
        ...story,
        max_tokens: 900,
      } as OpenAI.ChatCompletionCreateParamsNonStreaming;
      const answer = openai.chat.completions.create(request, { signal: leave.signal });
      const outcome = answer.catch((error: unknown) => error);
      while ((await sessionsOn(swarm.peers[0] as SwarmPeer)) === 0) await pause();
      leave.abort();
      expect(await outcome).toBeInstanceOf(OpenAI.APIUserAbortError);
    }
    expect(await untilFree(swarm.peers)).toBeLessThan(1000);
  });
});

describe('the swarm fails', () => {
  it('a peer is killed while it streams: the text is the same', async () => {
    const swarm = await startSwarm({ ...withHealth, blocks: ['0:4', '4:8', '0:4', '4:8'] });
    const gateway = await startGateway(swarm, ['--kept-sessions', '0']);
    const read = async (onText: (text: string) => Promise<void>) => {
      let text = '';
      for await (const chunk of await streamStory(gateway.openai)) {
        text += chunk.choices[0]?.delta.content ?? '';
        await onText(text);
      }
      return text;
    };
    const unbroken = await read(async () => {});
    let victims = 0;
    const broken = await read(async (text) => {
      if (victims > 0 || text.length < 100) return;
      const counts = await Promise.all(swarm.peers.map(sessionsOn));
      swarm.peers[counts.lastIndexOf(1)]?.process.kill('SIGKILL');
      victims += 1;
    });
    expect(victims).toBe(1);
    expect(broken).toBe(unbroken);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toMatch(/skein_gateway_reroutes_total\{.*\} [1-9]/);
  });

  it('without a complete route: 503 with the blocks that are missing, and when to come again', async () => {
    const swarm = await startSwarm({ model: tinyTales, blocks: ['0:3', '5:8'] });
    const gateway = await startGateway(swarm);
    const error = await gateway.openai.chat.completions.create(story).catch((e) => e);
    expect(error).toMatchObject({ status: 503, code: 'no_route' });
    expect(error.error.missing_blocks).toEqual([{ start: 3, end: 5 }]);
    expect(Number(error.headers.get('retry-after'))).toBeGreaterThan(0);
    const ready = await fetch(`${gateway.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      models: [{ model, complete: false, missing_blocks: [{ start: 3, end: 5 }] }],
    });
    await expect(streamStory(gateway.openai)).rejects.toMatchObject({ status: 503 });
  });
});

describe('keys', () => {
  it('are demanded, and held to their quotas', async () => {
    const swarm = await startSwarm({ model: tinyTales, blocks: ['0:8'] });
    const file = join(mkdtempSync(join(tmpdir(), 'skein keys ')), 'keys.toml');
    writeFileSync(
      file,
      [
        '[[keys]]',
        'name = "fox"',
        'key = "fox-key-0001"',
        'requests-per-minute = 2',
        '[[keys]]',
        'name = "owl"',
        'key = "owl-key-0001"',
        'tokens-per-day = 10',
      ].join('\n'),
    );
    const { openai, withKey, url } = await startGateway(swarm, ['--keys', file]);
    const short = { model, messages, max_tokens: 4 };
    const ask = (client: OpenAI) => client.chat.completions.create(short).catch((e) => e);
    expect(await ask(openai)).toMatchObject({ status: 401, code: 'invalid_api_key' });
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect((await fetch(`${url}/metrics`)).status).toBe(401);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);

    const fox = withKey('fox-key-0001');
    expect(await ask(fox)).toHaveProperty('choices');
    expect(await ask(fox)).toHaveProperty('choices');
    expect(await ask(fox)).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
    const owl = withKey('owl-key-0001');
    expect(await ask(owl)).toHaveProperty('choices');
    expect(await ask(owl)).toMatchObject({ status: 429, code: 'insufficient_quota' });
  });

  it('are needed where other machines can ask', async () => {
    const nowhere = '/ip4/127.0.0.1/tcp/9';
    const { code, stderr } = await runSkein(['serve', '--bootstrap', nowhere, '--host', '0.0.0.0']);
    expect(code).toBe(78);
    expect(stderr).toContain('--api-key');
  });
});

describe('bad requests', () => {
  const post = (gateway: TestGateway, body: string, headers: Record<string, string> = {}) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });

  /** The beginning of what comes back for bytes of one's own. */
  const sendRaw = (gateway: TestGateway, text: string) =>
    new Promise<string>((resolve) => {
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.setEncoding('utf8').once('data', (data: string) => {
        socket.destroy();
        resolve(data);
      });
    });

  it('leave the server well', async () => {
    const swarm = await startSwarm({ model: tinyTales, blocks: ['0:8'] });
    const gateway = await startGateway(swarm);
    expect((await post(gateway, '{"model": ')).status).toBe(400);
    expect((await post(gateway, '[]')).status).toBe(400);
    expect((await post(gateway, '{}', { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await post(gateway, `"${'x'.repeat(9 * 1024 * 1024)}"`)).status).toBe(413);
    expect(await sendRaw(gateway, 'NONSENSE\r\n\r\n')).toContain('400');
    const byName = 'GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n\r\n';
    expect(await sendRaw(gateway, byName)).toContain('403');
    expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(200);
  });
});

describe('the end', () => {
  it('an interrupted gateway finishes what it streams, and takes nothing new', async () => {
    const swarm = await startSwarm({ ...withHealth, blocks: ['0:4', '4:8'] });
    const gateway = await startGateway(swarm);
    let text = '';
    let finish: string | null = null;
    for await (const chunk of await streamStory(gateway.openai)) {
      // Once: the second time would end it at once.
      if (chunk.choices[0]?.delta.role) {
        gateway.process.kill('SIGINT');
        await gateway.process.waitFor('stopping');
        await expect(fetch(`${gateway.url}/v1/models`)).rejects.toThrow();
      }
      text += chunk.choices[0]?.delta.content ?? '';
      finish ??= chunk.choices[0]?.finish_reason ?? null;
    }
    expect(finish).toBe('length');
    expect(text.length).toBeGreaterThan(200);
    const { code } = await gateway.process.exited;
    expect(code).toBe(0);
    expect(gateway.process.events.map(({ event }) => event)).toContain('stopping');
    expect(await untilFree(swarm.peers)).toBeLessThan(2000);
  });

  it('a port in use is named', async () => {
    const swarm = await startSwarm({ model: tinyTales, blocks: ['0:8'] });
    const { url } = await startGateway(swarm);
    const { port } = new URL(url);
    const second = new SkeinProcess(['serve', '--bootstrap', swarm.bootstrap, '--port', port]);
    expect((await second.exited).code).toBe(78);
    expect(second.stderr).toContain(port);
  });
});

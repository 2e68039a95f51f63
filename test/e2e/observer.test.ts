import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abortAfter } from '@skein/protocol';
import {
  type HistoryAnswer,
  historyAnswerSchema,
  type LiveMessage,
  liveMessageSchema,
  type SwarmAnswer,
  sessionsAnswerSchema,
  swarmAnswerSchema,
} from '@skein/protocol/http-api';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runSkein, SkeinProcess, stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const model = 'models/tiny-tales';
let swarm: Swarm;
/** The first peer of the route of the first test, which it outlives. */
let survivor = '';
let dashboard: { process: SkeinProcess; url: string };

beforeAll(async () => {
  swarm = await startSwarm({
    model,
    blocks: ['0:4', '0:4', '4:8', '4:8'],
    parameters: ['--http', '0'],
  });
  dashboard = await startDashboard();
});
afterAll(stopEverything);

async function startDashboard(): Promise<{ process: SkeinProcess; url: string }> {
  const process = new SkeinProcess([
    'dashboard',
    '--bootstrap',
    swarm.bootstrap,
    '--port',
    '0',
    '--history',
    join(swarm.folder, 'history'),
  ]);
  const { http } = await process.waitFor('ready');
  return { process, url: http };
}

async function get(url: string): Promise<unknown> {
  const response = await fetch(url);
  expect(response.status, url).toBe(200);
  return await response.json();
}

const lookAt = async (url: string): Promise<SwarmAnswer> =>
  swarmAnswerSchema.parse(await get(`${url}/api/v1/swarm`));

/** Reads the live stream until a message is what somebody waits for. */
async function waitLive(
  url: string,
  isIt: (message: LiveMessage) => boolean,
): Promise<LiveMessage> {
  const response = await fetch(`${url}/api/v1/events`);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (data === undefined) continue;
      const message = liveMessageSchema.parse(JSON.parse(data));
      // Leaving the loop closes the stream.
      if (isIt(message)) return message;
    }
  }
  throw new Error('the live stream ended');
}

it('shows a generation on its way, and within five seconds that a peer of it was killed', async () => {
  const generate = new SkeinProcess([
    'generate',
    '--bootstrap',
    swarm.bootstrap,
    '--prompt',
    'a story about a fox',
    '--max-tokens',
    '600',
    '--ignore-eos',
  ]);
  const { hops } = await generate.waitFor('route');
  const route = (hops as { peer: string }[]).map(({ peer }) => peer);
  survivor = route[0] as string;
  await generate.waitFor('token');
  const seen = await waitLive(
    dashboard.url,
    (message) => message.type === 'sessions' && message.sessions.some(({ isWhole }) => isWhole),
  );
  const { sessions, edges } = sessionsAnswerSchema.parse(seen);
  expect(sessions[0]?.route.map(({ peer }) => peer)).toEqual(route);
  expect(sessions[0]?.id).toMatch(/^[0-9a-f]{16}$/);
  expect(edges.find(({ sessions }) => sessions > 0)).toMatchObject({
    from: route[0],
    to: route[1],
  });

  const victim = swarm.peerById(route[1] as string);
  const killedAtMs = performance.now();
  victim.process.kill('SIGKILL');
  await waitLive(
    dashboard.url,
    (message) => message.type === 'swarm' && message.head.peers.lost === 1,
  );
  expect(performance.now() - killedAtMs).toBeLessThan(5_000);
  const after = await lookAt(dashboard.url);
  expect(after).toMatchObject({
    health: 'degraded',
    peers: { serving: 3, lost: 1 },
    headline: 'all 8 blocks served; weakest is block 4 with 1 peer',
  });
  const lost = after.peerSummaries.find(({ id }) => id === victim.id);
  expect(lost).toMatchObject({ state: 'lost', reachability: { kind: 'unreachable' } });
  const event = await waitLive(
    dashboard.url,
    (message) => message.type === 'event' && message.event.kind === 'lost',
  );
  expect(event).toMatchObject({ event: { peer: victim.id, span: victim.span } });

  const moved = await waitLive(
    dashboard.url,
    (message) =>
      message.type === 'sessions' && message.sessions.some(({ reroutes }) => reroutes > 0),
  );
  const [rerouted] = sessionsAnswerSchema.parse(moved).sessions;
  expect(rerouted?.route.map(({ peer }) => peer)).not.toContain(victim.id);
  await generate.waitFor('end');
});

it('tells of a peer what nobody else knows, and why one cannot be reached', async () => {
  expect(await get(`${dashboard.url}/api/v1/peers/${survivor}`)).toMatchObject({
    spanReason: 'as told',
    multiaddrs: null,
    contribution: { tokenBlocks: expect.any(Number) },
    counters: { sessionsOpened: 1, failedSteps: 0 },
    step: { computeMs: { p50: expect.any(Number) } },
  });
  const lost = (await lookAt(dashboard.url)).peerSummaries.find(({ state }) => state === 'lost');
  const answer = await get(`${dashboard.url}/api/v1/reachable/${lost?.id}`);
  expect(answer).toMatchObject({
    reachability: { kind: 'unreachable' },
    text: expect.stringMatching(/is not reached from here: .*ECONNREFUSED/),
  });
});

it('skein status says the same, of a swarm that it has never seen before', async () => {
  const { code, events, stderr } = await runSkein(['status', '--bootstrap', swarm.bootstrap]);
  expect(code).toBe(0);
  expect(events[0]).toMatchObject({
    event: 'status',
    health: 'degraded',
    isComplete: true,
    weakestBlock: { block: 4, peerCount: 1 },
  });
  expect(stderr).toContain('tiny-tales is degraded: all 8 blocks served; weakest is block 4');
  expect(stderr).toMatch(/□□□□ +4:8 +lost +no answer/);
  for (const line of stderr.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

it('has its history again after a restart', async () => {
  const historyOf = async (url: string): Promise<HistoryAnswer> =>
    historyAnswerSchema.parse(await get(`${url}/api/v1/history?model=tiny-tales&range=hour`));
  const before = await historyOf(dashboard.url);
  const busy = before.series.tokensPerSecond.findIndex((rate) => (rate ?? 0) > 0);
  expect(before.series.stepMsP50[busy]).toBeGreaterThan(0);
  expect(Math.min(...before.series.coverageMin.map((hosts) => hosts ?? 9))).toBe(1);
  dashboard.process.kill('SIGINT');
  await dashboard.process.exited;
  dashboard = await startDashboard();
  const after = await historyOf(dashboard.url);
  const again = after.atMs.indexOf(before.atMs[busy] as number);
  expect(again).toBeGreaterThanOrEqual(0);
  for (const [name, values] of Object.entries(before.series)) {
    expect(after.series[name as keyof typeof after.series][again], name).toBe(values[busy]);
  }
});

it('a peer with --http serves the same, and is scraped by Prometheus', async (context) => {
  const { http: url } = await swarm.peerById(survivor).process.waitFor('ready');
  expect(await get(`${url}/healthz`)).toEqual({ state: 'serving' });
  const seen = await waitLive(
    url,
    (message) => message.type === 'swarm' && message.head.peers.serving === 3,
  );
  expect(seen).toMatchObject({ head: { health: 'degraded' } });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toMatch(/^skein_peer_serving 1$/m);
  expect(metrics).toMatch(/^skein_model_blocks_single_host\{model="tiny-tales"\} 4$/m);
  expect(metrics).toMatch(/^skein_peer_step_seconds_count\{phase="compute"\} [1-9]/m);
  expect(metrics).toMatch(/^libp2p_/m);

  const prometheus = process.env.SKEIN_PROMETHEUS ?? 'prometheus';
  if (spawnSync(prometheus, ['--version']).status !== 0) {
    context.skip('prometheus is not here: install the Debian package, or set SKEIN_PROMETHEUS');
  }
  await scrapeWith(prometheus, [new URL(url).host, new URL(dashboard.url).host]);
});

it('a gateway serves it beside its own API, with metrics of both, on this machine only', async () => {
  const serve = async (...parameters: string[]) => {
    const key = ['--api-key', 'secret-key'];
    const gateway = ['serve', '--bootstrap', swarm.bootstrap, '--port', '0', ...key];
    const process = new SkeinProcess([...gateway, ...parameters]);
    const { http } = await process.waitFor('ready');
    const { port } = new URL(http);
    return { process, url: `http://127.0.0.1:${port}` };
  };
  const [local, open, shown] = await Promise.all([
    serve(),
    serve('--host', '0.0.0.0'),
    serve('--host', '0.0.0.0', '--dashboard'),
  ]);
  expect(await lookAt(local.url)).toMatchObject({ observer: { kind: 'serve' }, models: 1 });
  expect(await lookAt(shown.url)).toMatchObject({ health: 'degraded' });
  const headers = { authorization: 'Bearer secret-key', 'content-type': 'application/json' };
  // Whoever has no key does not even learn that there is nothing.
  expect((await fetch(`${open.url}/api/v1/swarm`)).status).toBe(401);
  expect((await fetch(`${open.url}/api/v1/swarm`, { headers })).status).toBe(404);
  expect((await fetch(`${local.url}/metrics`)).status).toBe(401);
  const answer = await fetch(`${local.url}/v1/completions`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ model: 'tiny-tales', prompt: 'Once', max_tokens: 8 }),
  });
  expect(answer.status).toBe(200);
  const metrics = await (await fetch(`${local.url}/metrics`, { headers })).text();
  expect(metrics).toMatch(/^skein_gateway_requests_total\{.*\} 1$/m);
  expect(metrics).toMatch(/^skein_client_tokens_total\{model="tiny-tales",kind="generated"\} 8$/m);
  expect(metrics).toMatch(/^skein_client_step_seconds_count\{phase="wire"\} [1-9]/m);
  expect(metrics).toMatch(/^skein_model_peers\{model="tiny-tales"\} 3$/m);
  const types = metrics.match(/^# TYPE \S+/gm) ?? [];
  expect(new Set(types).size).toBe(types.length);
  await Promise.all(
    [local, open, shown].map(async ({ process }) => {
      process.kill('SIGINT');
      expect(await process.exited).toMatchObject({ code: 0 });
    }),
  );
});

/** Starts a Prometheus on the targets, and waits until all have been scraped well. */
async function scrapeWith(command: string, targets: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-prometheus-'));
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    JSON.stringify({
      global: { scrape_interval: '1s' },
      scrape_configs: [{ job_name: 'skein', static_configs: [{ targets }] }],
    }),
  );
  const port = await freePort();
  const child = spawn(command, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  try {
    let log = '';
    await new Promise<void>((resolve, reject) => {
      child.once('exit', () => reject(new Error(`Prometheus ended.\n${log}`)));
      child.stderr.on('data', (text: Buffer) => {
        log += text;
        if (log.includes('ready to receive web requests')) resolve();
      });
    });
    const query = `http://127.0.0.1:${port}/api/v1/query?query=`;
    const deadline = abortAfter(20_000);
    for (;;) {
      const { data } = (await get(`${query}skein_model_peers`)) as {
        data: { result: { metric: { instance: string }; value: [number, string] }[] };
      };
      const found = data.result.map(({ metric, value }) => `${metric.instance} ${value[1]}`);
      if (found.length === targets.length) {
        expect(found.sort()).toEqual(targets.map((target) => `${target} 3`).sort());
        return;
      }
      deadline.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } finally {
    child.kill('SIGKILL');
  }
}

/** Prometheus does not say which port it took for 0. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return address.port;
}

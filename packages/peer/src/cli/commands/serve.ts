import { readFile } from 'node:fs/promises';
import { createClient, type SkeinClient } from '@skein/client';
import {
  type ApiKey,
  createGateway,
  type GatewayEvent,
  isLoopback,
  listenGateway,
  type ModelAlias,
  parseApiKeys,
  parseModelAlias,
  singleApiKey,
} from '@skein/client/gateway';
import { loadPages, type Pages } from '@skein/client/pages';
import { SkeinError, toSkeinError } from '@skein/protocol';
import { parse } from 'smol-toml';
import { interruption, untilAborted } from '../interruption.js';
import { modelNameOf } from '../model-reference.js';
import { createOutput, formatDuration, type Output, painter } from '../output.js';
import { chatPageFolder } from '../page-folders.js';
import { ServedSwarm } from '../serve-swarm.js';

export interface ServeOptions {
  readonly json: boolean;
  readonly model?: readonly string[];
  readonly bootstrap: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string;
  readonly keys?: string;
  readonly cors?: readonly string[];
  readonly chat: boolean;
  readonly concurrency?: number;
  readonly keptSessions?: number;
  readonly responseCache?: number;
  readonly responseCacheAge?: number;
  /** Undefined where neither `--dashboard` nor `--no-dashboard` is given. */
  readonly dashboard?: boolean;
  readonly history?: string;
  readonly showAddresses: boolean;
  readonly page?: string;
}

const MiB = 1024 * 1024;

/** `skein serve`: an OpenAI-compatible server, until it is interrupted. */
export async function runServe(options: ServeOptions): Promise<void> {
  const output = createOutput(options);
  const signal = interruption();
  const models = options.model?.map(readAlias);
  const keys = await readKeys(options);
  requireKeysForOthers(options.host, keys);
  const pages = options.chat ? await loadChatPage() : undefined;
  const swarm = await ServedSwarm.create({
    ...options,
    onWarning: (message) => showWarning(message, output),
  });
  const { node, directory, instrumentation } = swarm;
  const { bootstrap } = options;
  const client = createClient({ bootstrap, node, directory, instrumentation });
  try {
    await swarm.start();
    await client.start();
    await swarm.observe();
    const gateway = createGateway({
      client,
      keys,
      registry: swarm.registry,
      onEvent: (event) => showGatewayEvent(event, output),
      ...(swarm.dashboardPath !== null && { dashboardPath: swarm.dashboardPath }),
      ...(models !== undefined && { models }),
      ...(pages !== undefined && { pages }),
      ...(options.cors !== undefined && { corsOrigins: options.cors }),
      ...(options.concurrency !== undefined && { concurrency: options.concurrency }),
      ...(options.keptSessions !== undefined && { keptSessions: options.keptSessions }),
      ...(options.responseCache !== undefined && { responseCache: responseCache(options) }),
    });
    const listening = await listenGateway(swarm.beside(gateway), options);
    try {
      const names = await servedNames(client, models);
      const { url } = listening;
      const chat = pages === undefined ? null : `${url}/`;
      const { hasDashboard } = swarm;
      output.event({ event: 'ready', http: url, models: names, chat });
      showReady({ url, chat, names, keys, hasDashboard }, output);
      await untilAborted(signal);
      output.event({ event: 'stopping' });
      output.say('\nFinishing running answers…');
    } finally {
      await listening.stop();
    }
  } finally {
    await client.stop();
    await swarm.stop();
  }
  output.event({ event: 'stopped' });
  output.say('Stopped.');
}

/** Undefined where the page was not built: the API does without. */
async function loadChatPage(): Promise<Pages | undefined> {
  const directory = chatPageFolder();
  return directory === null ? undefined : await loadPages([{ at: '/', directory }]);
}

function showWarning(message: string, output: Output): void {
  output.event({ event: 'warning', message });
  output.say(`${painter(output.decorated).yellow('Warning')} ${message}`);
}

/** A model may be named by its path, as for the other commands. */
function readAlias(text: string): ModelAlias {
  const { name, targets } = parseModelAlias(text);
  return {
    name: text.includes('=') ? name : modelNameOf(name),
    targets: targets.map(({ model, weight }) => ({ model: modelNameOf(model), weight })),
  };
}

function responseCache({ responseCache = 0, responseCacheAge }: ServeOptions) {
  const bytesMax = responseCache * MiB;
  return responseCacheAge === undefined
    ? { bytesMax }
    : { bytesMax, ageMsMax: responseCacheAge * 1000 };
}

/** @throws SkeinError `bad-configuration` for a file that cannot be read or is no key file */
async function readKeys({ apiKey, keys: path }: ServeOptions): Promise<readonly ApiKey[]> {
  const single = apiKey === undefined ? [] : [singleApiKey(apiKey)];
  if (path === undefined) return single;
  let content: unknown;
  try {
    const text = await readFile(path, 'utf8');
    content = path.endsWith('.json') ? JSON.parse(text) : parse(text);
  } catch (error) {
    const { message } = toSkeinError(error);
    const text = `The key file ${path} cannot be read: ${message}`;
    throw new SkeinError('bad-configuration', text, { cause: error });
  }
  return [...parseApiKeys(content), ...single];
}

/** @throws SkeinError `bad-configuration` that says how to go on */
function requireKeysForOthers(host: string, keys: readonly ApiKey[]): void {
  if (keys.length > 0 || isLoopback(host)) return;
  throw new SkeinError(
    'bad-configuration',
    [
      `On ${host} other machines can reach the server, so it needs a key:`,
      '  1. give --api-key, or SKEIN_API_KEY in the environment;',
      '  2. or --keys with a file of several keys and their quotas;',
      '  3. or leave --host out: 127.0.0.1 is for this machine only.',
    ].join('\n'),
  );
}

async function servedNames(
  client: SkeinClient,
  models: readonly ModelAlias[] | undefined,
): Promise<readonly string[]> {
  if (models !== undefined) return models.map(({ name }) => name);
  return [...new Set((await client.models()).map(({ name }) => name))];
}

/** What a person needs to ask something. */
function showReady(
  server: {
    url: string;
    chat: string | null;
    names: readonly string[];
    keys: readonly ApiKey[];
    hasDashboard: boolean;
  },
  output: Output,
): void {
  const paint = painter(output.decorated);
  const { url, chat, names, keys } = server;
  const rows: [string, string][] = [
    ['chat', chat === null ? 'no page' : paint.bold(chat)],
    ['address', paint.bold(`${url}/v1`)],
    ['models', names.join(', ') || 'none yet: no peer of this swarm hosts one'],
    ['keys', keys.length === 0 ? 'none needed, for this machine only' : String(keys.length)],
    ['health', `${url}/readyz  ${url}/metrics`],
    ...(server.hasDashboard ? [['swarm', `${url}/dashboard/`] as [string, string]] : []),
  ];
  output.say('');
  for (const [label, value] of rows) output.say(`  ${paint.dim(label.padEnd(8))} ${value}`);
  const body = { model: names[0] ?? 'tiny-tales', messages: [{ role: 'user', content: 'Hello!' }] };
  output.say(`\n${paint.green('Ready.')} Try it:`);
  output.say(`  curl ${url}/v1/chat/completions \\`);
  if (keys.length > 0) output.say(`    -H 'authorization: Bearer <key>' \\`);
  output.say(`    -H 'content-type: application/json' \\`);
  output.say(`    -d '${JSON.stringify(body)}'`);
  output.say(paint.dim('\nCtrl-C finishes running answers; twice stops at once.'));
  output.say(
    paint.dim('Peers see the activations that pass through them: this is no place for secrets.'),
  );
}

function showGatewayEvent(event: GatewayEvent, output: Output): void {
  const paint = painter(output.decorated);
  if (event.type === 'request') {
    const { type, ...fields } = event;
    output.event({ event: type, ...fields });
    const { method, path, status, key, elapsedMs } = event;
    const text = `${method} ${path} ${status} ${key ?? '-'} ${formatDuration(elapsedMs)}`;
    output.say(status < 500 ? paint.dim(text) : paint.yellow(text));
    return;
  }
  const { code, message } = toSkeinError(event.error);
  output.event({ event: 'failure', requestId: event.requestId, code, message });
  output.say(`${paint.red('Failed')} ${event.requestId}: ${message}`);
  if (code === 'internal' && event.error instanceof Error) {
    output.say(paint.dim(event.error.stack ?? ''));
  }
}

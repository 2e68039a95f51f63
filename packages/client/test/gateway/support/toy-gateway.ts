import { createHash } from 'node:crypto';
import { createClient } from '../../../src/client/client.js';
import {
  createGateway,
  type GatewayEvent,
  type GatewayOptions,
} from '../../../src/gateway/index.js';
import { settle, TestClock } from '../../support/test-clock.js';
import { sixPeers } from '../../support/toy-session.js';
import { type ToyPeerOptions, ToySwarm, toyManifest, toyModel } from '../../support/toy-swarm.js';
import { toyChatTemplate, toyTokenizerJson } from '../../support/toy-tokenizer.js';

const encode = (text: string) => new TextEncoder().encode(text);
const digest = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

export const shape = { blockCount: 6, vocabSize: 50, contextLength: 200 };

/** Characters in and out, one token each. */
export function textModel() {
  const manifest = toyManifest(shape, {
    tokenizerDigest: digest(toyTokenizerJson),
    chatTemplateDigest: digest(toyChatTemplate),
  });
  const tokenizer = encode(toyTokenizerJson);
  return toyModel(shape, { manifest, tokenizer, chatTemplate: encode(toyChatTemplate) });
}

/** A gateway on a client on a swarm in memory, on a clock that stands still until all is idle. */
export function setUpGateway(
  options: Partial<GatewayOptions> & { readonly peers?: readonly ToyPeerOptions[] } = {},
) {
  const { peers = sixPeers, ...rest } = options;
  const swarm = new ToySwarm(textModel(), peers);
  const clock = new TestClock();
  const { node, directory } = swarm;
  const client = createClient({
    node,
    directory,
    clock,
    random: () => 0,
    digest: async (bytes) => digest(bytes),
  });
  const events: GatewayEvent[] = [];
  const gateway = createGateway({
    client,
    clock,
    random: () => 0,
    nowMs: () => 1_700_000_000_000 + clock.now(),
    onEvent: (event) => events.push(event),
    ...rest,
  });
  const run = <Value>(promise: Promise<Value>) => settle(clock, promise);
  const fetch = (path: string, init: RequestInit = {}) =>
    gateway.fetch(new Request(`http://localhost${path}`, init));
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    fetch(path, {
      method: 'POST',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      ...init,
      headers: { 'content-type': 'application/json', ...init.headers },
    });
  /** Posts, and reads the answer as JSON. */
  const ask = (path: string, body: unknown, init: RequestInit = {}) =>
    run(
      post(path, body, init).then(async (response) => ({
        status: response.status,
        headers: response.headers,
        // biome-ignore lint/suspicious/noExplicitAny: tests assert on the fields of foreign JSON.
        body: (await response.json()) as any,
      })),
    );
  /** Posts, and reads the answer as the data of its events. */
  const stream = (path: string, body: object, init: RequestInit = {}) =>
    run(post(path, { ...body, stream: true }, init).then(readEvents));
  return { swarm, clock, client, gateway, events, run, fetch, post, ask, stream };
}

/** The events of a stream: parsed data, and `[DONE]` as it is. */
export async function readEvents(response: Response) {
  const text = await response.text();
  const events = text
    .split('\n\n')
    .map((block) => /^data: (.*)$/m.exec(block)?.[1])
    .filter((data) => data !== undefined)
    // biome-ignore lint/suspicious/noExplicitAny: tests assert on the fields of foreign JSON.
    .map((data): any => (data === '[DONE]' ? data : JSON.parse(data)));
  return { status: response.status, headers: response.headers, text, events };
}

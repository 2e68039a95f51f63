import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { SkeinProcess } from './skein-process.js';
import type { Swarm } from './swarm.js';

/** The model that ships: it has a tokenizer and a chat template. */
export const tinyTales = fileURLToPath(new URL('../../models/tiny-tales', import.meta.url));

/** A `skein serve` process, and OpenAI's own client to it. */
export interface TestGateway {
  readonly process: SkeinProcess;
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly openai: OpenAI;
  /** The client with another key. */
  withKey(apiKey: string): OpenAI;
}

/** Starts `skein serve` on a free port of this machine. */
export async function startGateway(
  swarm: Pick<Swarm, 'bootstrap'>,
  parameters: readonly string[] = [],
): Promise<TestGateway> {
  const process = new SkeinProcess([
    'serve',
    '--bootstrap',
    swarm.bootstrap,
    '--port',
    '0',
    ...parameters,
  ]);
  const url = (await process.waitFor('ready')).http as string;
  const withKey = (apiKey: string) =>
    new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0, timeout: 120_000 });
  return { process, url, openai: withKey('none'), withKey };
}

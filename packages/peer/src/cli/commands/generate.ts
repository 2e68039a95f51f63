import { text } from 'node:stream/consumers';
import { createClient, type GenerationEvent, type SkeinClient } from '@skein/client';
import { SkeinError, type TokenId, type WireType } from '@skein/protocol';
import { requireOneOf } from '../arguments.js';
import { interruption } from '../interruption.js';
import { modelNameOf } from '../model-reference.js';
import { createOutput, formatBytes, formatDuration, type Output, painter } from '../output.js';

/** Options that `generate` and `chat` share. */
export interface GenerationOptions {
  readonly json: boolean;
  readonly model?: string;
  readonly bootstrap: readonly string[];
  readonly maxTokens?: number;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repetitionPenalty?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly wireType?: WireType;
  readonly standby: boolean;
  readonly mixedNumerics: boolean;
}

export interface GenerateOptions extends GenerationOptions {
  readonly prompt?: string;
  readonly promptTokens?: readonly TokenId[];
  readonly raw: boolean;
  readonly stop?: readonly string[];
  readonly ignoreEos: boolean;
  readonly runAhead: boolean;
  readonly logits?: number;
}

/** `skein generate`: one prompt, streamed. */
export async function runGenerate(options: GenerateOptions): Promise<void> {
  const output = createOutput(options);
  requireOneOf({ '--prompt': options.prompt, '--prompt-tokens': options.promptTokens });
  const signal = interruption();
  const client = createClient({ bootstrap: options.bootstrap });
  try {
    await client.start();
    const model = await findModel(client, options.model);
    const events = client.generate({
      model,
      ...samplingOf(options),
      ...(await promptOf(client, model, options)),
      ...given({ maxTokens: options.maxTokens, stop: options.stop, logits: options.logits }),
      standby: options.standby,
      acceptMixedNumerics: options.mixedNumerics,
      ...given({ wireType: options.wireType }),
      ignoreEos: options.ignoreEos,
      runAhead: options.runAhead,
      signal,
    });
    for await (const event of events) showEvent(event, output);
  } finally {
    await client.stop();
  }
}

/** The sampling options that were given; the SDK knows the defaults of the others. */
export function samplingOf(options: GenerationOptions) {
  const { temperature, topK, topP, minP, seed } = options;
  const { repetitionPenalty, presencePenalty, frequencyPenalty } = options;
  const penalties = { repetitionPenalty, presencePenalty, frequencyPenalty };
  return given({ temperature, topK, topP, minP, seed, ...penalties });
}

type Given<Fields> = { [Key in keyof Fields]?: Exclude<Fields[Key], undefined> };

/** Without the fields that are undefined, which is not the same as absent. */
export function given<Fields extends object>(fields: Fields): Given<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Given<Fields>;
}

/**
 * The model that was named, or the only one that the swarm has.
 * @throws SkeinError `bad-argument` when it has several, `model-unknown` when it has none
 */
export async function findModel(client: SkeinClient, reference?: string): Promise<string> {
  if (reference !== undefined) return modelNameOf(reference);
  const models = await client.models();
  const [only, ...others] = models;
  if (only === undefined) {
    throw new SkeinError('model-unknown', 'No peer of this swarm hosts a model yet.');
  }
  if (others.length === 0) return only.name;
  const names = models.map(({ name }) => name).join(', ');
  throw new SkeinError(
    'bad-argument',
    `The swarm has several models. Give --model, one of ${names}.`,
  );
}

/** A prompt is a request to a model that chats, and the beginning of a text to others. */
async function promptOf(client: SkeinClient, model: string, options: GenerateOptions) {
  if (options.promptTokens !== undefined) return { promptTokens: options.promptTokens };
  const prompt = options.prompt === '-' ? await text(process.stdin) : (options.prompt ?? '');
  const { chatTemplate } = await client.loadModel(model);
  if (options.raw || chatTemplate === null) return { prompt };
  return { messages: [{ role: 'user', content: prompt }] };
}

/** Prints one event of a generation, for programs and for people. */
export function showEvent(event: GenerationEvent, output: Output): void {
  const paint = painter(output.decorated);
  const { type, ...fields } = event;
  output.event({ event: type, ...fields });
  switch (event.type) {
    case 'route': {
      const hops = event.hops.map(({ name, span }) => `${name} [${span.start}:${span.end})`);
      output.say(paint.dim(`route  you → ${hops.join(' → ')} → you`));
      return;
    }
    case 'token':
      output.result(event.text);
      return;
    case 'reroute':
      output.say(paint.yellow(`\n↻ ${describeReroute(event)}`));
      return;
    case 'waiting':
      output.say(
        paint.yellow(
          `\n… no route: waiting up to ${formatDuration(event.waitMsMax)} for peers to come back`,
        ),
      );
      return;
    case 'standby':
      output.say(paint.dim(`\n${describeStandby(event)}`));
      return;
    case 'end':
      output.result(`${event.text}\n`);
      output.say(paint.dim(describeEnd(event)));
  }
}

function describeReroute(event: Extract<GenerationEvent, { type: 'reroute' }>): string {
  const blocks = `blocks ${event.span.start}:${event.span.end}`;
  const what = {
    relayed: 'relayed past an edge',
    replaced: `rerouted ${blocks}`,
    standby: `a standby took over ${blocks}`,
    improved: `moved ${blocks}`,
    'handed-over': `handed over ${blocks}${describeMoved(event.moved)}`,
  }[event.kind];
  return `${event.message}; ${what} in ${formatDuration(event.recoveryMs)}`;
}

function describeStandby(event: Extract<GenerationEvent, { type: 'standby' }>): string {
  const blocks = `blocks ${event.span.start}:${event.span.end}`;
  return {
    ready: `⇉ a standby is in step on ${blocks}`,
    none: `no peer is left to stand by on ${blocks}`,
    dropped: `the standby on ${blocks} is of no use any more: ${event.message}`,
  }[event.kind];
}

/** ` (25 tokens, 1.6 MB, through this client)`. */
function describeMoved(moved: Extract<GenerationEvent, { type: 'reroute' }>['moved']): string {
  if (moved === undefined) return '';
  const path = moved.path === 'client' ? ', through this client' : '';
  return ` (${moved.tokens} tokens, ${formatBytes(moved.bytes)}${path})`;
}

/** `212 tokens (eos), the first after 84 ms, 131 tokens a second, seed 7`. */
export function describeEnd(event: Extract<GenerationEvent, { type: 'end' }>): string {
  const { tokens, reason, firstTokenMs, tokensPerSecond, seed } = event;
  const parts = [`${tokens} tokens (${reason})`];
  if (firstTokenMs !== null) parts.push(`the first after ${formatDuration(firstTokenMs)}`);
  if (tokensPerSecond !== null) parts.push(`${tokensPerSecond.toFixed(1)} tokens a second`);
  return `${parts.join(', ')}, seed ${seed}`;
}

import { parseArgs } from 'node:util';
import type { Span } from '@skein/protocol';
import { chaosLimits } from './chaos-limits.js';
import { fewestHosts } from './choose-victim.js';
import { type FailureKind, failureKinds, type RateKind, rateKinds } from './disturbances.js';
import { promptCountMax } from './jobs.js';

/** What a run is told. */
export interface ChaosOptions {
  readonly model: string;
  readonly spans: readonly Span[];
  readonly blockCount: number;
  readonly clients: number;
  readonly seconds: number;
  readonly calmSeconds: number;
  /** Events a minute; null without. */
  readonly ratePerMinute: number | null;
  readonly kinds: readonly RateKind[];
  /** Probability a token that a hop of its route fails; null without. */
  readonly perToken: number | null;
  readonly failure: FailureKind;
  readonly prompts: number;
  readonly tokens: number;
  readonly seed: number;
  readonly isJson: boolean;
}

/** Every block has three hosts at least, and routes have two or three hops. */
const spansDefault = '0:4,0:3,0:4,3:6,2:6,4:8,5:8,4:8';

/** Printed by `--help`. */
export const chaosHelp = `Usage: pnpm chaos [options]

A swarm of peer processes and clients that generate all the time, while peers are killed, stopped,
restarted, moved and cut off. Every token is compared with that of an unbroken run. It prints what
was generated, what failed and what differed (both must be 0), how long recoveries took, and the
share of the calm run's throughput that was kept. It exits with 1 when something failed or differed.

Trouble, one of the two or both:
  --rate <n>               events a minute, at random times                    [20 without the other]
  --kinds <list>           of kill,stop,leave,cut,move                                          [all]
  --failure-per-token <p>  after each token of a client, a hop of its route fails with probability p
  --failure reset|kill     what that failure is                                               [reset]

  kill   SIGKILL, and a new start after ${chaosLimits.downMsMin / 1000} to ${chaosLimits.downMsMax / 1000} s
  stop   SIGSTOP, and SIGCONT after as long
  leave  SIGINT: the peer says goodbye, and is started again
  move   the same, and it comes back with another span
  cut    the way to the peer is gone without a word, and there again after a while
  reset  all connections to the peer are reset at once: its sessions and their caches are lost, as
         with a crash, and the process is there again at once

Size:
  --seconds <s>            of trouble                                                            [60]
  --calm <s>               of calm, half before and half after                                   [30]
  --clients <n>            that generate at the same time                                         [4]
  --spans <list>           blocks of each peer, one peer a span
                           [${spansDefault}]
  --prompts <n>            of up to ${promptCountMax}, each greedy and sampled                                    [3]
  --tokens <n>             a generation                                                         [160]
  --model <name>           folder, .gguf file or alias                                   [tiny-tales]
  --seed <n>               of the trouble's times and victims                                     [1]
  --json                   print one JSON object at the end
  --help

Examples:
  pnpm chaos
  pnpm chaos --rate 40 --kinds kill,cut --seconds 300
  pnpm chaos --failure-per-token 1e-3
  pnpm chaos --failure-per-token 1e-2 --seconds 120 --json
  pnpm chaos --failure-per-token 1e-3 --failure kill`;

/**
 * Reads the command line; null when help was asked for.
 * @throws Error that says what is wrong with which option
 */
export function parseChaosOptions(parameters: readonly string[]): ChaosOptions | null {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      rate: { type: 'string' },
      kinds: { type: 'string', default: rateKinds.join() },
      'failure-per-token': { type: 'string' },
      failure: { type: 'string', default: 'reset' },
      seconds: { type: 'string', default: '60' },
      calm: { type: 'string', default: '30' },
      clients: { type: 'string', default: '4' },
      spans: { type: 'string', default: spansDefault },
      prompts: { type: 'string', default: '3' },
      tokens: { type: 'string', default: '160' },
      model: { type: 'string', default: 'tiny-tales' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { secondsMax, clientsMax, tokensMax, ratePerMinuteMax } = chaosLimits;
  const perTokenText = values['failure-per-token'];
  const perToken = perTokenText === undefined ? null : number('failure-per-token', perTokenText, 1);
  const rateText = values.rate ?? (perToken === null ? '20' : undefined);
  const spans = values.spans.split(',').map(parseSpan);
  const blockCount = Math.max(...spans.map(({ end }) => end));
  if (spans.length > chaosLimits.peersMax) {
    throw new Error(`--spans names ${spans.length} peers; ${chaosLimits.peersMax} is the most.`);
  }
  if (
    fewestHosts(
      spans.map((span) => ({ span })),
      blockCount,
    ) < 2
  ) {
    throw new Error('--spans must give every block two hosts, or the first failure ends it all.');
  }
  return {
    model: values.model,
    spans,
    blockCount,
    clients: wholeNumber('clients', values.clients, clientsMax),
    seconds: number('seconds', values.seconds, secondsMax),
    calmSeconds: number('calm', values.calm, secondsMax),
    ratePerMinute: rateText === undefined ? null : number('rate', rateText, ratePerMinuteMax),
    kinds: values.kinds.split(',').map((kind) => oneOf('kinds', kind, rateKinds)),
    perToken,
    failure: oneOf('failure', values.failure, failureKinds),
    prompts: wholeNumber('prompts', values.prompts, promptCountMax),
    tokens: wholeNumber('tokens', values.tokens, tokensMax),
    seed: wholeNumber('seed', values.seed, 2 ** 31),
    isJson: values.json,
  };
}

function number(name: string, text: string, maximum: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value > 0 && value <= maximum) return value;
  throw new Error(`--${name} must be a number above 0 and up to ${maximum}, got "${text}".`);
}

function wholeNumber(name: string, text: string, maximum: number): number {
  const value = number(name, text, maximum);
  if (Number.isInteger(value)) return value;
  throw new Error(`--${name} must be a whole number, got "${text}".`);
}

function oneOf<Kind extends string>(name: string, text: string, kinds: readonly Kind[]): Kind {
  const kind = kinds.find((candidate) => candidate === text);
  if (kind !== undefined) return kind;
  throw new Error(`--${name} knows ${kinds.join(', ')}, got "${text}".`);
}

function parseSpan(text: string): Span {
  const [start, end] = (/^(\d+):(\d+)$/.exec(text) ?? []).slice(1).map(Number);
  if (start !== undefined && end !== undefined && start < end) return { start, end };
  throw new Error(`--spans wants spans like 0:4, got "${text}".`);
}

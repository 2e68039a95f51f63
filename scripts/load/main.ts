/**
 * `pnpm load`: many streams at once against a gateway, for a given time.
 *
 * Without `--url` it starts a swarm of the model that ships, and a gateway, on this machine.
 */
import { parseArgs } from 'node:util';
import { checkJson } from './check-json.js';
import { startDemoGateway } from './demo-gateway.js';
import { type StreamOutcome, streamOnce } from './stream-once.js';
import { summarizeLoad } from './summarize-load.js';

const { values } = parseArgs({
  options: {
    streams: { type: 'string' },
    seconds: { type: 'string', default: '30' },
    tokens: { type: 'string' },
    url: { type: 'string' },
    model: { type: 'string' },
    key: { type: 'string' },
    'json-schema': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`Usage: pnpm load [--streams 64] [--seconds 30] [--tokens 32] [--url http://… --model name --key …] [--json]

Each stream asks again when it has ended, until the time is up; the last ones are waited for.
The exit code is 1 when a stream failed.

       pnpm load --json-schema 1000 [--streams 8] [--tokens 96] [--url http://… --model name --key …] [--json]

Asks so many times for JSON under a schema at temperature 1. The exit code is 1 when an answer is not valid.`);
  process.exit(0);
}

const animals = ['a fox', 'an owl', 'a goose', 'a hare', 'a mole', 'a cat', 'a bear', 'a frog'];
const isJsonRun = values['json-schema'] !== undefined;
const streams = Number(values.streams ?? (isJsonRun ? 8 : 64));
const tokens = Number(values.tokens ?? (isJsonRun ? 96 : 32));
const seconds = Number(values.seconds);
const own =
  values.url === undefined ? await startDemoGateway(['--concurrency', `${streams}`]) : null;
const url = own?.url ?? values.url ?? '';
const model = values.model ?? own?.model ?? 'tiny-tales';
const outcomes: (StreamOutcome & { readonly stream: number })[] = [];
const startedAtMs = performance.now();

async function askAgainAndAgain(stream: number): Promise<void> {
  for (let round = 0; performance.now() - startedAtMs < seconds * 1000; round += 1) {
    const content = `Tell me a story about ${animals[(stream + round) % animals.length]}.`;
    const body = {
      model,
      messages: [{ role: 'user', content }],
      max_tokens: tokens,
      ignore_eos: true,
    };
    outcomes.push({ stream, ...(await streamOnce({ url, key: values.key ?? null, body })) });
  }
}

async function runJson(): Promise<void> {
  const requests = Number(values['json-schema']);
  if (!values.json) console.log(`${requests} answers under schemas, ${streams} at once: ${url}`);
  const summary = await checkJson({
    ...{ url, model, requests, streams, tokens },
    key: values.key ?? null,
  });
  if (summary.valid < requests) process.exitCode = 1;
  if (values.json) return console.log(JSON.stringify(summary));
  const reasons = Object.entries(summary.byFinishReason).map(
    ([name, count]) => `${count} × ${name}`,
  );
  console.log(`  valid              ${summary.valid} of ${requests}`);
  console.log(`  shortened          ${summary.closedEarly}, to end within ${tokens} tokens`);
  console.log(`  finish reasons     ${reasons.join(', ')}`);
  console.log(`  tokens a second    ${((summary.tokens * 1000) / summary.elapsedMs).toFixed(1)}`);
  for (const failure of summary.failures) console.log(`  not valid: ${failure}`);
}

async function runStreams(): Promise<void> {
  if (!values.json) console.log(`${streams} streams at once for ${seconds} s: ${url}`);
  await Promise.all(Array.from({ length: streams }, (_, stream) => askAgainAndAgain(stream)));
  showLoad();
}

function showLoad(): void {
  const summary = summarizeLoad(outcomes, { elapsedMs: performance.now() - startedAtMs });
  if (values.json) console.log(JSON.stringify(summary));
  else {
    const errors = Object.entries(summary.errors).map(([reason, count]) => `${count} × ${reason}`);
    console.log(`  streams ended      ${summary.streams}`);
    console.log(`  errors             ${errors.join(', ') || 'none'}`);
    console.log(`  tokens a second    ${summary.tokensPerSecond.toFixed(1)}`);
    console.log(
      `  first token        p50 ${summary.firstTokenMsP50.toFixed(0)} ms   p99 ${summary.firstTokenMsP99.toFixed(0)} ms`,
    );
    console.log(`  slowest / median   ${summary.slowestOverMedian.toFixed(2)}, of single answers`);
    console.log(
      `  fewest / median    ${summary.fewestOverMedian.toFixed(2)}, of tokens a stream got`,
    );
    console.log(`  prompts reused     ${(summary.reusedShare * 100).toFixed(0)} %`);
  }
  if (Object.keys(summary.errors).length > 0) process.exitCode = 1;
}

try {
  await (isJsonRun ? runJson() : runStreams());
} finally {
  await own?.stop();
}

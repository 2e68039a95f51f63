import { appendFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyTales } from '../support/gateway.js';
import { runSkein, SkeinProcess, stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const folder = mkdtempSync(join(tmpdir(), 'skein evaluate '));
const file = join(folder, 'items.jsonl');

const texts = [
  'Once upon a time there was a fox who lived in a cave.',
  'The owl found a key under the bush.',
  'Zebra quantum spreadsheets municipal xylophone.',
].map((text) => ({ text }));
const questions = [
  { prompt: 'Once upon a', choices: [' time', ' zebra'], answer: 0 },
  { prompt: 'Once upon a', choices: [' purple', ' time', ' of'], answer: 1 },
  {
    messages: [{ role: 'user', content: 'Tell me a story about a fox.' }],
    choices: ['qqqq zzzz', 'A fox lived in a cave.'],
    answer: 1,
  },
];

let swarm: Swarm;

beforeAll(async () => {
  swarm = await startSwarm({ model: tinyTales, blocks: ['0:4', '4:8', '4:8'] });
  const items = [...texts, ...questions];
  const lines = items.map((item, index) => JSON.stringify({ id: `i${index}`, ...item }));
  // A blank line, and no line end at the last one.
  writeFileSync(file, ['', ...lines].join('\n'));
});

afterAll(stopEverything);

const evaluate = (path: string, parameters: readonly string[] = []) =>
  runSkein(['evaluate', path, '--bootstrap', swarm.bootstrap, ...parameters]);

describe('skein evaluate', () => {
  it('measures perplexity and accuracy, whatever runs at once', async () => {
    const { code, events, stderr } = await evaluate(file);
    expect(code, stderr).toBe(0);
    expect(events[0]).toMatchObject({ event: 'start', items: 6, done: 0 });
    const items = events.filter(({ event }) => event === 'item');
    expect(items.map(({ id }) => id).sort()).toEqual(['i0', 'i1', 'i2', 'i3', 'i4', 'i5']);
    const end = events.at(-1);
    expect(end).toMatchObject({ event: 'end', items: 6, failures: 0, choice: { accuracy: 1 } });
    const nats = items.reduce((sum, { logProbability = 0 }) => sum - logProbability, 0);
    const tokens = items.reduce((sum, item) => sum + (item.tokens ?? 0), 0);
    expect(end?.text.perplexity).toBeCloseTo(Math.exp(nats / tokens), 6);
    // A model of stories finds a story likelier than noise.
    const [likely, , noise] = ['i0', 'i1', 'i2'].map((id) => items.find((item) => item.id === id));
    expect(likely?.logProbability / likely?.tokens).toBeGreaterThan(
      noise?.logProbability / noise?.tokens,
    );
    const single = await evaluate(file, ['--concurrency', '1']);
    expect(single.events.at(-1)).toEqual(end);
  });

  it('goes on from a progress file, a peer killed and the command interrupted', async () => {
    const progress = join(folder, 'progress');
    const many = join(folder, 'many.jsonl');
    const lines = Array.from({ length: 60 }, (_, index) =>
      JSON.stringify(index % 2 === 0 ? texts[index % 3] : questions[index % 3]),
    );
    writeFileSync(many, lines.join('\n'));
    const whole = await evaluate(many);
    const parameters = ['--progress', progress, '--concurrency', '2'];
    const first = new SkeinProcess([
      'evaluate',
      many,
      '--bootstrap',
      swarm.bootstrap,
      ...parameters,
    ]);
    await first.waitFor('item');
    swarm.peers[2]?.process.kill('SIGKILL');
    await first.waitFor(() => first.events.filter(({ event }) => event === 'item').length > 8);
    first.kill('SIGINT');
    const { code } = await first.exited;
    expect(code).toBe(130);
    expect(first.stderr).toContain('goes on from there');
    // A line that the end of the run has cut off.
    appendFileSync(progress, '{"kind":"text","index":5');
    const second = await evaluate(many, parameters);
    expect(second.code, second.stderr).toBe(0);
    const done = second.events[0]?.done;
    expect(done).toBeGreaterThan(8);
    expect(done).toBeLessThan(60);
    expect(second.events.filter(({ event }) => event === 'item')).toHaveLength(60 - done);
    const [end, expected] = [second.events.at(-1), whole.events.at(-1)];
    expect(end?.choice).toEqual(expected?.choice);
    expect(end?.text.perplexity).toBeCloseTo(expected?.text.perplexity, 9);
    expect(readFileSync(progress, 'utf8').trim().split('\n')).toHaveLength(61);
    const other = await evaluate(file, parameters);
    expect(other.code).toBe(78);
    expect(other.stderr).toContain('another data set');
  });

  it('names bad lines before anything is computed', async () => {
    const bad = join(folder, 'bad.jsonl');
    const noText = { prompt: 'x', choices: ['a'], answer: 0 };
    const noAnswer = { prompt: 'x', choices: ['a', 'b'], answer: 2 };
    const lines = ['{"text": "fine"}', '{"text": ', JSON.stringify(noText), '[]', noAnswer];
    writeFileSync(
      bad,
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
    const { code, stderr, events } = await evaluate(bad);
    expect(code).toBe(2);
    for (const number of [2, 3, 4, 5]) expect(stderr).toContain(`line ${number}:`);
    expect(stderr).toContain('"answer" is no index of a choice');
    expect(events).toMatchObject([{ event: 'error', details: { lines: 4 } }]);
    expect((await evaluate(join(folder, 'missing.jsonl'))).code).toBe(78);
  });
});

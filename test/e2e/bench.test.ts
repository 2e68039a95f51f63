import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runForText, runSkein, stopEverything } from '../support/skein-process.js';
import { startSwarm } from '../support/swarm.js';

const model = goldenModel('llama-8block-f32');

afterEach(stopEverything);

it('bench measures both engines, memory, and the way to a peer', async () => {
  const swarm = await startSwarm({ model: model.path, blocks: ['0:8'] });
  const [peer] = swarm.peers;
  const out = join(swarm.folder, 'bench results.jsonl');
  const { code, events, stderr } = await runSkein([
    ...['bench', '--model', model.path, '--blocks', '2:4', '--engine', 'ggml,tfjs'],
    ...['--rounds', '1', '--threads', '1', '--out', out, '--against', peer?.multiaddrs[0] ?? ''],
  ]);
  expect(stderr).not.toContain('Error');
  expect(code).toBe(0);
  expect(events.every(({ event }) => event === 'result')).toBe(true);
  const of = (what: string) => events.filter((row) => row.what === what);
  expect(of('memory')[0]?.bytesPerSecond).toBeGreaterThan(0);
  for (const what of ['prefill', 'decode', 'decode-together']) {
    expect(of(what).map(({ engine }) => (engine as string).split(' ')[0])).toEqual([
      'ggml',
      'TensorFlow.js',
    ]);
    for (const row of of(what)) {
      expect(row).toMatchObject({ model: 'llama-8block-f32', blocks: 2 });
      // Of the whole model, by what two of its eight blocks took.
      expect(row.tokensPerSecond / row.blockTokensPerSecond).toBeCloseTo(1 / 8, 2);
      expect(row.elapsedMs).toBeGreaterThanOrEqual(row.computeMs);
    }
  }
  const [trip] = of('round-trip');
  expect(trip).toMatchObject({ peer: peer?.id, engine: expect.stringContaining('ggml') as string });
  expect(trip?.p99Ms).toBeGreaterThanOrEqual(trip?.p50Ms);
  const written = readFileSync(out, 'utf8').trim().split('\n');
  expect(written.map((line) => JSON.parse(line) as unknown)).toEqual(
    events.map(({ event: _event, ...row }) => row),
  );
});

it('bench says what it does not know', () => {
  const { code, text } = runForText(['bench', '--engine', 'torch']);
  expect(code).toBe(2);
  expect(text).toContain('ggml, tfjs');
});

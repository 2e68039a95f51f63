import { fileURLToPath } from 'node:url';
import { numericTolerance } from '@skein/protocol';
import { afterEach, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { type CommandEvent, runSkein, stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm, tokenIdsOf } from '../support/swarm.js';

afterEach(stopEverything);

const tinyTales = fileURLToPath(new URL('../../models/tiny-tales', import.meta.url));
const golden = goldenModel('llama-8block-f32');

interface Logit {
  readonly id: number;
  readonly logit: number;
}

/** A greedy generation with the best logits of each token. */
function generate(swarm: Swarm, parameters: readonly string[]) {
  return runSkein([
    ...['generate', '--bootstrap', swarm.bootstrap, '--temperature', '0', '--max-tokens', '40'],
    ...['--ignore-eos', '--logits', '3', ...parameters],
  ]);
}

/** The largest difference between two runs in the logit of a token, relative to the largest. */
function largestDifference(a: readonly CommandEvent[], b: readonly CommandEvent[]): number {
  const logitsOf = (events: readonly CommandEvent[]) =>
    events.filter(({ event }) => event === 'token').map(({ topLogits }) => topLogits as Logit[]);
  const others = logitsOf(b);
  const differences = logitsOf(a).flatMap((row, index) => {
    const scale = Math.max(...row.map(({ logit }) => Math.abs(logit)));
    return row.flatMap(({ id, logit }) => {
      const other = others[index]?.find((candidate) => candidate.id === id);
      return other === undefined ? [] : [Math.abs(logit - other.logit) / scale];
    });
  });
  expect(differences.length).toBeGreaterThan(40);
  return Math.max(...differences);
}

it.each([
  ['a tiny model, ggml first', golden.path, ['--prompt-tokens', golden.prompt.join()], true],
  [
    'the model that ships, TensorFlow.js first',
    tinyTales,
    ['--prompt', 'a story about a fox'],
    false,
  ],
] as const)(
  'peers of both engines serve one route of %s',
  async (_name, model, prompt, isGgmlFirst) => {
    const swarm = await startSwarm({
      model,
      blocks: [],
      parameters: ['--dtype', 'f32', '--kv-type', 'f32'],
    });
    const [ggmlBlocks, tfjsBlocks] = isGgmlFirst ? ['0:4', '4:8'] : ['4:8', '0:4'];
    await swarm.addPeer(ggmlBlocks);
    const other = await swarm.addPeer(tfjsBlocks, ['--engine', 'tfjs']);
    const parameters = [...prompt, '--wire-type', 'f32'];

    // They are of two kinds, which nobody mixes unasked.
    const refused = await generate(swarm, parameters);
    expect(refused.code).toBe(69);
    expect(refused.stderr).toContain('numeric');

    const mixed = await generate(swarm, [...parameters, '--mixed-numerics']);
    expect(mixed.stderr).not.toContain('Error');
    expect(mixed.code).toBe(0);
    const route = mixed.events.find(({ event }) => event === 'route');
    expect(route?.hops.map(({ peer }: { peer: string }) => peer)).toContain(other.id);
    const kinds = route?.hops.map((hop: { numericKind: string }) => hop.numericKind) as string[];
    expect([...kinds].sort()).toEqual(['f32/f32', 'f32/f32/tfjs']);
    if (isGgmlFirst) expect(tokenIdsOf(mixed.events)).toEqual(golden.greedy.slice(0, 40));

    // One kind alone computes the same, as far as the kinds promise.
    await swarm.addPeer(tfjsBlocks);
    const alone = await generate(swarm, parameters);
    expect(tokenIdsOf(alone.events)).toEqual(tokenIdsOf(mixed.events));
    const promised = kinds.reduce((sum, kind) => sum + (numericTolerance(kind) as number), 0);
    expect(largestDifference(mixed.events, alone.events)).toBeLessThan(promised);
  },
);

import { afterEach, describe, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runSkein, SkeinProcess, stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm, tokenIdsOf } from '../support/swarm.js';

const model = goldenModel('llama-8block-f32');

const greedy = ['--temperature', '0'];
const seeded = ['--temperature', '0.8', '--top-k', '40', '--seed', '11'];

function generateParameters(swarm: Swarm, sampling: readonly string[]): string[] {
  return [
    'generate',
    '--model',
    model.path,
    '--bootstrap',
    swarm.bootstrap,
    '--prompt-tokens',
    model.prompt.join(','),
    '--max-tokens',
    '220',
    '--ignore-eos',
    ...sampling,
  ];
}

afterEach(stopEverything);

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Interrupts a hop of a running generation; returns the generation's tokens. */
async function leaveHalfWay(swarm: Swarm, options: { hop: number; sampling: readonly string[] }) {
  const generation = new SkeinProcess(generateParameters(swarm, options.sampling));
  const route = await generation.waitFor('route');
  await generation.waitFor('token');
  const leaver = route.hops[options.hop].peer as string;
  const { process } = swarm.peerById(leaver);
  process.kill('SIGINT');
  expect(await process.exited).toEqual({ code: 0, signal: null });
  expect((await generation.exited).code).toBe(0);

  const reroutes = generation.events.filter(({ event }) => event === 'reroute');
  expect(reroutes).toMatchObject([
    { kind: 'handed-over', reason: 'draining', lostPeer: leaver, rebuildMs: 0 },
  ]);
  const { moved, span } = reroutes[0] as unknown as {
    moved: { tokens: number; bytes: number; path: string };
    span: Span;
  };
  expect(moved.path).toBe('direct');
  expect(moved.tokens).toBeGreaterThanOrEqual(model.prompt.length);
  expect(moved.bytes).toBeGreaterThan(0);
  expect(moved.bytes % (moved.tokens * (span.end - span.start))).toBe(0);
  // The session was gone before the time for it was over.
  const drained = process.events.filter(({ event }) => event === 'draining');
  expect(drained.at(0)).toMatchObject({ sessions: 1 });
  expect(drained.at(-1)).toMatchObject({ sessions: 0 });
  expect(drained.at(-1)?.remainingMs).toBeGreaterThan(0);
  expect(process.events.at(-1)).toMatchObject({ event: 'stopped' });
  return tokenIdsOf(generation.events);
}

describe('a peer is interrupted', () => {
  it('half-way, at each place of a route: it hands over, and the text goes on', async () => {
    const swarm = await startSwarm({
      model: model.path,
      blocks: ['0:3', '3:6', '6:8', '0:3', '3:6', '6:8'],
    });
    const unbroken = async (sampling: readonly string[]) =>
      tokenIdsOf((await runSkein(generateParameters(swarm, sampling))).events);
    const [greedyTokens, seededTokens] = [await unbroken(greedy), await unbroken(seeded)];
    expect(greedyTokens).toHaveLength(220);
    expect(seededTokens).not.toEqual(greedyTokens);
    expect(await leaveHalfWay(swarm, { hop: 0, sampling: seeded })).toEqual(seededTokens);
    expect(await leaveHalfWay(swarm, { hop: 1, sampling: greedy })).toEqual(greedyTokens);
    expect(await leaveHalfWay(swarm, { hop: 2, sampling: seeded })).toEqual(seededTokens);
  });

  it('twice: it stops at once', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:8'] });
    const generation = new SkeinProcess(generateParameters(swarm, greedy));
    await generation.waitFor('token');
    const { process } = swarm.peers[0] as Swarm['peers'][number];
    process.kill('SIGINT');
    await process.waitFor('draining');
    process.kill('SIGINT');
    expect((await process.exited).code).toBe(130);
  });

  it('with --drain-timeout: its sessions may stay so long', async () => {
    const swarm = await startSwarm({
      model: model.path,
      blocks: ['0:8'],
      parameters: ['--drain-timeout', '0.2'],
    });
    const generation = new SkeinProcess(generateParameters(swarm, greedy));
    await generation.waitFor('token');
    const { process } = swarm.peers[0] as Swarm['peers'][number];
    process.kill('SIGINT');
    const draining = await process.waitFor('draining');
    expect(draining.remainingMs).toBeLessThanOrEqual(200);
    expect((await process.exited).code).toBe(0);
  });
});

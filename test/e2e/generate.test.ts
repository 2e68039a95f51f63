import { afterEach, describe, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runSkein, SkeinProcess, stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm, tokenIdsOf } from '../support/swarm.js';

const model = goldenModel('llama-8block-f32');

/** `skein generate` on the golden prompt, greedy, with exact activations on the wire. */
function generateParameters(swarm: Swarm, maxTokens: number): string[] {
  return [
    'generate',
    '--model',
    model.path,
    '--bootstrap',
    swarm.bootstrap,
    '--prompt-tokens',
    model.prompt.join(','),
    '--max-tokens',
    String(maxTokens),
    '--temperature',
    '0',
    '--ignore-eos',
    '--wire-type',
    'f32',
  ];
}

afterEach(stopEverything);

describe('generation over peer processes', () => {
  it.each([
    ['2 peers', ['0:4', '4:8']],
    ['3 peers with overlapping spans', ['0:4', '2:6', '5:8']],
    ['4 peers', ['0:2', '2:4', '4:6', '6:8']],
  ])('equals transformers token for token over %s', async (_title, blocks) => {
    const swarm = await startSwarm({ model: model.path, blocks });
    const { code, events, stderr } = await runSkein(generateParameters(swarm, 64));
    expect(stderr).not.toContain('Error');
    expect(code).toBe(0);
    expect(tokenIdsOf(events)).toEqual(model.greedy.slice(0, 64));
    const route = events.find((event) => event.event === 'route');
    expect(route?.hops.length).toBeGreaterThanOrEqual(2);
    expect(events.at(-1)).toMatchObject({ event: 'end', reason: 'length', tokens: 64 });
  });

  it('equals the single-process engine', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:8'] });
    const { events } = await runSkein(generateParameters(swarm, 64));
    expect(tokenIdsOf(events)).toEqual(model.greedy.slice(0, 64));
  });

  it('serves 16 sessions at once', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:4', '4:8'] });
    const clients = Array.from({ length: 16 }, () => runSkein(generateParameters(swarm, 32)));
    for (const { code, events } of await Promise.all(clients)) {
      expect(code).toBe(0);
      expect(tokenIdsOf(events)).toEqual(model.greedy.slice(0, 32));
    }
  });
});

describe('a peer is killed half-way', () => {
  it.each([
    ['first', 0],
    ['middle', 1],
    ['last', 2],
  ])('the %s hop: the text goes on, token for token', async (_title, hopIndex) => {
    const swarm = await startSwarm({
      model: model.path,
      blocks: ['0:3', '3:6', '6:8', '0:3', '3:6', '6:8'],
    });
    const unbroken = await runSkein(generateParameters(swarm, 220));
    expect(tokenIdsOf(unbroken.events)).toHaveLength(220);

    const generation = new SkeinProcess(generateParameters(swarm, 220));
    const route = await generation.waitFor('route');
    expect(route.hops).toHaveLength(3);
    await generation.waitFor('token');
    const victim = route.hops[hopIndex].peer as string;
    swarm.peerById(victim).process.kill('SIGKILL');
    const { code } = await generation.exited;
    expect(code).toBe(0);
    const reroutes = generation.events.filter((event) => event.event === 'reroute');
    expect(reroutes).toHaveLength(1);
    expect(reroutes[0]).toMatchObject({ lostPeer: victim, recoveryMs: expect.any(Number) });
    expect(tokenIdsOf(generation.events)).toEqual(tokenIdsOf(unbroken.events));
    expect(tokenIdsOf(generation.events).slice(0, 64)).toEqual(model.greedy);
  });
});

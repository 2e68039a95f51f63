import { createClient, type GenerationEvent } from '@skein/client';
import { afterAll, expect, it } from 'vitest';
import { tinyTales } from '../support/gateway.js';
import { stopEverything } from '../support/skein-process.js';
import { startSwarm } from '../support/swarm.js';

afterAll(stopEverything);

/** Ids of a generation, to its end or so many of them. */
async function idsOf(events: AsyncGenerator<GenerationEvent>, count = Infinity): Promise<number[]> {
  const ids: number[] = [];
  for await (const event of events) {
    if (event.type === 'token') ids.push(event.id);
    if (ids.length === count) break;
  }
  return ids;
}

it('another client goes on with a saved conversation, token for token, over other peers', async () => {
  const swarm = await startSwarm({ model: tinyTales, blocks: ['0:4', '4:8', '0:4', '4:8'] });
  const model = 'tiny-tales';
  const messages = [{ role: 'user', content: 'Tell me a story about a fox.' }];
  const story = { messages, seed: 4, temperature: 0.9, maxTokens: 120, ignoreEos: true };
  const goOn = { prompt: '\n\nThe next day', seed: 5, maxTokens: 20, ignoreEos: true };

  const writer = createClient({ bootstrap: [swarm.bootstrap] });
  const unbroken = await writer.openSession({ model });
  const expected = [await idsOf(unbroken.generate(story)), await idsOf(unbroken.generate(goOn))];
  await unbroken.close();

  const conversation = await writer.openSession({ model });
  const peers = new Set<string>();
  const begun: number[] = [];
  for await (const event of conversation.generate(story)) {
    if (event.type === 'route') for (const { peer } of event.hops) peers.add(peer);
    if (event.type === 'token') begun.push(event.id);
    if (begun.length === 50) break;
  }
  const token = conversation.save();
  // All that held its caches is gone.
  await writer.stop();
  for (const peer of peers) swarm.peerById(peer).process.kill('SIGKILL');

  const reader = createClient({ bootstrap: [swarm.bootstrap] });
  const resumed = await reader.resumeSession(token, { openWaitMs: 30_000 });
  const rest = await idsOf(resumed.continue());
  expect([...begun, ...rest]).toEqual(expected[0]);
  expect(await idsOf(resumed.generate(goOn))).toEqual(expected[1]);
  await reader.stop();
});

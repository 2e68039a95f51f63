import { describe, expect, it } from 'vitest';
import type { BatchEvent, BatchItem, BatchOptions } from '../../src/batch/batch-types.js';
import { generateBatch } from '../../src/batch/generate-batch.js';
import { setUpText } from '../support/text-client.js';
import { failAt } from '../support/toy-session.js';

type Setup = ReturnType<typeof setUpText>;

const prompts: BatchItem[] = ['the fox', 'an owl', 'a key', 'the old bridge', 'a cave'].map(
  (prompt, index) => ({ prompt, seed: index, id: `p${index}` }),
);
const settings = { model: 'toy', maxTokens: 12 };

async function collect(
  { client, clock, run }: Setup,
  items: Iterable<BatchItem>,
  options: Partial<BatchOptions> = {},
): Promise<BatchEvent[]> {
  const events: BatchEvent[] = [];
  const reading = async () => {
    const batch = generateBatch(client, items, { ...settings, clock, ...options });
    for await (const event of batch) events.push(event);
  };
  await run(reading());
  return events;
}

const ends = (events: readonly BatchEvent[]) => events.filter((event) => event.type === 'item-end');

/** What each prompt gives by itself. */
async function alone({ client, run }: Setup): Promise<string[]> {
  const texts: string[] = [];
  const reading = async () => {
    for (const { id: _id, ...prompt } of prompts) {
      let text = '';
      for await (const event of client.generate({ ...settings, ...prompt })) {
        if (event.type === 'token' || event.type === 'end') text += event.text;
      }
      texts.push(text);
    }
  };
  await run(reading());
  return texts;
}

describe('generateBatch', () => {
  it.each([1, 3, 8])(
    'makes of each prompt what it is by itself, %i at once',
    async (concurrency) => {
      const setup = setUpText();
      const expected = await alone(setup);
      const events = await collect(setup, prompts, { concurrency, order: 'input' });
      expect(ends(events).map(({ text }) => text)).toEqual(expected);
      expect(ends(events).map(({ id }) => id)).toEqual(['p0', 'p1', 'p2', 'p3', 'p4']);
      expect(events.at(-1)).toMatchObject({
        type: 'progress',
        succeeded: 5,
        failed: 0,
        running: 0,
        tokens: 60,
      });
      expect(setup.swarm.openSessions).toBe(0);
    },
  );

  it('goes on when items fail, and when a peer does', async () => {
    const setup = setUpText();
    const expected = await alone(setup);
    setup.swarm.peer('b1').rules.push(failAt(9, 'kill'));
    const items = [
      ...prompts.slice(0, 2),
      { prompt: '' },
      { prompt: 'x', topP: 9 },
      ...prompts.slice(2),
    ];
    const events = await collect(setup, items, { concurrency: 2 });
    const failed = events.filter((event) => event.type === 'item-error');
    expect(failed).toMatchObject([
      { index: 2, error: { code: 'bad-argument' } },
      { index: 3, error: { code: 'bad-argument' } },
    ]);
    const texts = ends(events).sort((a, b) => a.index - b.index);
    expect(texts.map(({ text }) => text)).toEqual(expected);
    expect(events.some(({ type }) => type === 'item-reroute')).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'progress', succeeded: 5, failed: 2 });
  });

  it('frees all peers when its reader leaves', async () => {
    const { client, clock, run, swarm } = setUpText();
    const leaving = async () => {
      for await (const event of generateBatch(client, prompts, { ...settings, clock })) {
        if (event.type === 'item-end') break;
      }
    };
    await run(leaving());
    expect(swarm.openSessions).toBe(0);
  });

  it('ends when aborted', async () => {
    const setup = setUpText();
    const signal = AbortSignal.abort();
    await expect(collect(setup, prompts, { signal })).rejects.toMatchObject({ code: 'aborted' });
    await expect(collect(setup, prompts, { concurrency: 0 })).rejects.toMatchObject({
      code: 'bad-argument',
    });
  });
});

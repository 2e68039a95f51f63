import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/evaluate/evaluate.js';
import type {
  EvaluationEvent,
  EvaluationItem,
  EvaluationOptions,
} from '../../src/evaluate/evaluation-types.js';
import { setUpText } from '../support/text-client.js';

type Setup = ReturnType<typeof setUpText>;

const items: EvaluationItem[] = [
  { text: 'the fox and the owl', id: 'a' },
  { prompt: 'the fox', choices: [' ran', ' flew away', ' sat'], answer: 1 },
  { text: 'x' },
  { messages: [{ role: 'user', content: 'who flew' }], choices: ['an owl', 'a key'], answer: 0 },
];

async function collect(
  { client, run }: Setup,
  dataset: Iterable<EvaluationItem>,
  options: Partial<EvaluationOptions> = {},
): Promise<EvaluationEvent[]> {
  const events: EvaluationEvent[] = [];
  const reading = async () => {
    for await (const event of evaluate(client, dataset, { model: 'toy', ...options })) {
      events.push(event);
    }
  };
  await run(reading());
  return events;
}

const resultsOf = (events: readonly EvaluationEvent[]) =>
  events
    .flatMap((event) => (event.type === 'item' ? [event.result] : []))
    .sort((a, b) => a.index - b.index);

describe('evaluate', () => {
  it('is what scores say, in whatever order', async () => {
    const setup = setUpText();
    const { client, run } = setup;
    const events = await collect(setup, items);
    expect(events[0]).toMatchObject({ type: 'start', modelName: 'toy' });
    const results = resultsOf(events);
    const text = await run(client.score({ model: 'toy', text: 'the fox and the owl' }));
    expect(results[0]).toEqual({
      kind: 'text',
      index: 0,
      id: 'a',
      tokens: 18,
      bytes: 19,
      logProbability: expect.closeTo(text.logProbability, 6),
    });
    const scores: number[] = [];
    for (const choice of [' ran', ' flew away', ' sat']) {
      const score = await run(client.score({ model: 'toy', prompt: 'the fox', text: choice }));
      scores.push(score.logProbability);
    }
    const perByte = scores.map((score, index) => score / ([4, 10, 4][index] as number));
    expect(results[1]).toMatchObject({
      chosen: scores.indexOf(Math.max(...scores)),
      chosenPerByte: perByte.indexOf(Math.max(...perByte)),
      answer: 1,
      logProbabilities: scores.map((score) => expect.closeTo(score, 6)),
    });
    expect(results[2]).toMatchObject({ tokens: 0, logProbability: 0 });
    const end = events.at(-1);
    expect(end).toMatchObject({ summary: { items: 4, failures: 0, choice: { items: 2 } } });
    expect(resultsOf(await collect(setup, items, { concurrency: 1 }))).toEqual(results);
    expect(setup.swarm.openSessions).toBe(0);
  });

  it('scores a text that is longer than the context in windows, each token once', async () => {
    const setup = setUpText();
    const [result] = resultsOf(await collect(setup, [{ text: 'the fox ran. '.repeat(40) }]));
    expect(result).toMatchObject({ kind: 'text', tokens: 519 });
    expect(result?.kind === 'text' && result.logProbability).toBeLessThan(0);
  });

  it('counts what was done before, and does not compute it again', async () => {
    const setup = setUpText();
    const whole = await collect(setup, items);
    const [first, second] = resultsOf(whole);
    const done = [first, second].flatMap((result) => (result === undefined ? [] : [result]));
    const rest = await collect(setup, items, { done: [...done, ...done] });
    expect(resultsOf(rest).map(({ index }) => index)).toEqual([2, 3]);
    expect(rest.at(-1)).toEqual(whole.at(-1));
  });

  it('goes on when an item fails', async () => {
    const setup = setUpText();
    const tooLong = { prompt: 'a'.repeat(300), choices: ['a', 'b'], answer: 0, id: 'long' };
    const events = await collect(setup, [tooLong, ...items]);
    expect(events.find(({ type }) => type === 'item-error')).toMatchObject({
      index: 0,
      id: 'long',
      error: { code: 'context-exceeded' },
    });
    expect(events.at(-1)).toMatchObject({ summary: { items: 4, failures: 1 } });
  });

  it('ends when aborted, with all sessions', async () => {
    const setup = setUpText();
    const aborted = collect(setup, items, { signal: AbortSignal.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'aborted' });
    expect(setup.swarm.openSessions).toBe(0);
  });
});

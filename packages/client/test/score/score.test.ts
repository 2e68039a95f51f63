import type { TokenId } from '@skein/protocol';
import { describe, expect, it } from 'vitest';
import { setUpText, textShape } from '../support/text-client.js';
import { logNormaliser, ToyReference } from '../support/toy-model.js';
import { failAt } from '../support/toy-session.js';

const text = 'the fox and the owl';

/** Log-probabilities by the toy model itself. */
function expectedScores(tokens: readonly number[]): number[] {
  const reference = new ToyReference(textShape.blockCount, textShape.vocabSize);
  return tokens.slice(1).map((token, index) => {
    const logits = reference.push(tokens[index] as number);
    return (logits[token] as number) - logNormaliser(logits);
  });
}

describe('client.score', () => {
  it('tells how likely each token is, the first left out', async () => {
    const { client, run, encode } = setUpText();
    const tokens = encode(text);
    const score = await run(client.score({ model: 'toy', text, topLogits: 3 }));
    const expected = expectedScores(tokens);
    const sum = expected.reduce((total, value) => total + value, 0);
    expect(score.tokens.map(({ id }) => id)).toEqual(tokens);
    expect(score.tokens.map((token) => token.text).join('')).toBe(text);
    expect(score.tokens[0]).toMatchObject({
      logProbability: null,
      isMostLikely: null,
      position: 0,
    });
    for (const [index, value] of expected.entries()) {
      expect(score.tokens[index + 1]?.logProbability).toBeCloseTo(value, 4);
      expect(score.tokens[index + 1]?.topLogits).toHaveLength(3);
    }
    expect(score.logProbability).toBeCloseTo(sum, 3);
    expect(score.perplexity).toBeCloseTo(Math.exp(-sum / expected.length), 3);
    expect(score.scoredTokenCount).toBe(expected.length);
  });

  it('scores an answer given a prompt', async () => {
    const { client, run, encode } = setUpText();
    const expected = expectedScores(encode(text));
    const answer = await run(
      client.score({ model: 'toy', prompt: 'the fox ', text: 'and the owl' }),
    );
    const after = encode('the fox').length;
    const sum = expected.slice(after - 1).reduce((total, value) => total + value, 0);
    expect(answer.tokens).toHaveLength(encode(text).length - after);
    expect(answer.tokens.map((token) => token.text).join('')).toBe(' and the owl');
    expect(answer.tokens[0]?.position).toBe(after);
    expect(answer.logProbability).toBeCloseTo(sum, 3);
  });

  it('knows what greedy generation would have written', async () => {
    const { client, run } = setUpText();
    const tokens: TokenId[] = [];
    const generate = async () => {
      for await (const event of client.generate({
        model: 'toy',
        prompt: text,
        temperature: 0,
        maxTokens: 6,
      })) {
        if (event.type === 'token') tokens.push(event.id);
      }
    };
    await run(generate());
    const greedy = await run(client.score({ model: 'toy', prompt: text, tokens }));
    expect(greedy.isGreedy).toBe(true);
    const other = tokens.map((token) => ((token + 1) % 50) as TokenId);
    expect((await run(client.score({ model: 'toy', prompt: text, tokens: other }))).isGreedy).toBe(
      false,
    );
  });

  it('is the same when a hop is lost', async () => {
    const { client, run, swarm } = setUpText();
    const expected = await run(client.score({ model: 'toy', text }));
    swarm.peer('b1').rules.push(failAt(7, 'kill'));
    expect(await run(client.score({ model: 'toy', text }))).toEqual(expected);
    expect(swarm.openSessions).toBe(0);
  });

  it('computes once what texts begin with alike, and scores them as if alone', async () => {
    const { client, run } = setUpText();
    const prompt = 'a tale of a fox who found a key under the old bridge, and of an owl. ';
    const scorer = await run(client.openScorer({ model: 'toy', firstRows: 16 }));
    const reused: number[] = [];
    for (const answer of ['what a key', 'the owl flew', 'the fox ran']) {
      const score = await run(scorer.score({ prompt, text: answer }));
      reused.push(score.reusedTokens);
      const alone = await run(client.score({ model: 'toy', prompt, text: answer, firstRows: 16 }));
      expect({ ...score, reusedTokens: 0 }).toEqual(alone);
    }
    expect(reused).toEqual([0, 64, 64]);
    await scorer.close();
  });

  it.each([
    ['nothing', {}, 'give one of text and tokens'],
    ['two texts', { text, tokens: [1] as TokenId[] }, 'give one of text and tokens'],
    ['two prompts', { text, prompt: 'a', promptTokens: [1] as TokenId[] }, 'give one of prompt'],
    ['an empty text', { text: '' }, 'nothing to score'],
    ['too many alternatives', { text, topLogits: 101 }, 'from 0 to 100'],
  ])('refuses %s', async (_title, options, message) => {
    const { client, run } = setUpText();
    const outcome = run(client.score({ model: 'toy', ...options }));
    await expect(outcome).rejects.toMatchObject({
      code: 'bad-argument',
      message: expect.stringContaining(message),
    });
  });

  it('names the numbers of a text that is too long, and ends when aborted', async () => {
    const { client, run } = setUpText();
    const long = client.score({ model: 'toy', text: 'fox '.repeat(80) });
    await expect(run(long)).rejects.toMatchObject({ code: 'context-exceeded' });
    const signal = AbortSignal.abort();
    const aborted = client.score({ model: 'toy', text, signal });
    await expect(run(aborted)).rejects.toMatchObject({ code: 'aborted' });
  });
});

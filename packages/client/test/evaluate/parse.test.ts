import { describe, expect, it } from 'vitest';
import { parseEvaluationItem, parseEvaluationResult } from '../../src/evaluate/index.js';
import { EvaluationTotals } from '../../src/evaluate/summarize.js';

describe('a line of a data set', () => {
  it.each([
    ['{"text":"a","id":7,"source":"x"}', { text: 'a', id: '7' }],
    [
      '{"prompt":"","choices":["a","b"],"answer":1}',
      { prompt: '', choices: ['a', 'b'], answer: 1 },
    ],
  ])('%s', (line, item) => {
    expect(parseEvaluationItem(line)).toEqual(item);
  });

  it.each([
    ['{"text":', 'not JSON'],
    ['null', 'expected object'],
    ['{"text":""}', '"text"'],
    ['{"prompt":"a","choices":["b"],"answer":0}', '"choices"'],
    ['{"prompt":"a","choices":["b","c"],"answer":2}', 'no index of a choice'],
    ['{"prompt":"a","choices":["b","c"],"answer":0.5}', '"answer"'],
    ['{"choices":["b","c"],"answer":0}', 'give one of prompt and messages'],
  ])('%s is refused', (line, message) => {
    expect(() => parseEvaluationItem(line)).toThrow(message);
  });
});

describe('a result that was kept', () => {
  it('is read as it was', () => {
    const result = { kind: 'text', index: 3, tokens: 4, bytes: 9, logProbability: -7.25 };
    expect(parseEvaluationResult(JSON.stringify(result))).toEqual(result);
  });

  it.each(['', '{}', '{"kind":"text","index":-1,"tokens":1,"bytes":1,"logProbability":0}'])(
    '%j is refused',
    (json) => {
      expect(() => parseEvaluationResult(json)).toThrow('no result');
    },
  );
});

describe('the figures', () => {
  it('are those of the definitions', () => {
    const totals = new EvaluationTotals();
    totals.add({ kind: 'text', index: 0, tokens: 3, bytes: 8, logProbability: -2 });
    totals.add({ kind: 'text', index: 1, tokens: 1, bytes: 2, logProbability: -4 });
    for (const [index, chosen] of [0, 1, 1, 0].entries()) {
      const fields = { chosen, chosenPerByte: 1, answer: 1, logProbabilities: [-1, -2] };
      totals.add({ kind: 'choice', index: index + 2, ...fields });
    }
    const { text, choice } = totals.summary;
    expect(text?.perplexity).toBeCloseTo(Math.exp(6 / 4), 12);
    expect(text?.bitsPerByte).toBeCloseTo(6 / Math.LN2 / 10, 12);
    expect(choice).toMatchObject({ items: 4, accuracy: 0.5, accuracyPerByte: 1 });
    expect(choice?.accuracyError).toBeCloseTo(Math.sqrt(0.25 / 3), 12);
  });
});

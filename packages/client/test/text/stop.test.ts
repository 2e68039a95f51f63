import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StopMatcher } from '../../src/text/index.js';

function run(stopStrings: readonly string[], pieces: readonly string[]) {
  const matcher = new StopMatcher(stopStrings);
  let text = '';
  for (const piece of pieces) {
    const result = matcher.push(piece);
    text += result.text;
    if (result.stop !== null) return { text, stop: result.stop };
  }
  return { text: text + matcher.flush(), stop: null };
}

/** All ways to cut a text into pieces. */
function* splits(text: string): Generator<string[]> {
  for (let mask = 0; mask < 2 ** Math.max(0, text.length - 1); mask++) {
    const pieces = [''];
    for (let index = 0; index < text.length; index++) {
      pieces[pieces.length - 1] += text.charAt(index);
      if ((mask >> index) & 1) pieces.push('');
    }
    yield pieces;
  }
}

describe('StopMatcher', () => {
  it.each([
    { stops: ['END'], text: 'an END is', expected: { text: 'an ', stop: 'END' } },
    { stops: ['END'], text: 'an ENtry', expected: { text: 'an ENtry', stop: null } },
    { stops: ['END'], text: 'EENEND', expected: { text: 'EEN', stop: 'END' } },
    { stops: ['aab'], text: 'aaaaab', expected: { text: 'aaa', stop: 'aab' } },
    { stops: ['abab', 'bb'], text: 'xababb', expected: { text: 'x', stop: 'abab' } },
    { stops: ['ab', 'xabz'], text: 'wxabz', expected: { text: 'wx', stop: 'ab' } },
    { stops: ['b', 'ab'], text: 'xab', expected: { text: 'x', stop: 'ab' } },
    { stops: ['\n\n'], text: 'a\nb\n\nc', expected: { text: 'a\nb', stop: '\n\n' } },
    { stops: [], text: 'anything', expected: { text: 'anything', stop: null } },
  ])('finds $stops in all splits of $text', ({ stops, text, expected }) => {
    for (const pieces of splits(text))
      expect(run(stops, pieces), pieces.join('|')).toEqual(expected);
  });

  it('does not depend on the split', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
    const stopString = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        fc.array(letters, { maxLength: 8 }),
        fc.array(stopString, { maxLength: 3 }),
        (pieces, stops) => {
          const text = pieces.join('');
          const result = run(stops, pieces);
          expect(result).toEqual(run(stops, [text]));
          // Nothing is lost, and no stop string gets out.
          expect(text.startsWith(result.text + (result.stop ?? ''))).toBe(true);
          if (result.stop === null) expect(result.text).toBe(text);
          for (const stop of stops) expect(result.text).not.toContain(stop);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('gives out at once what cannot begin a stop string', () => {
    const matcher = new StopMatcher(['<end>']);
    expect(matcher.push('goose').text).toBe('goose');
    expect(matcher.push(' <').text).toBe(' ');
    expect(matcher.push('b').text).toBe('<b');
    expect(matcher.push('<end').text).toBe('');
    expect(matcher.flush()).toBe('<end');
  });

  it('swallows what comes after the stop', () => {
    const matcher = new StopMatcher(['.']);
    expect(matcher.push('a.b')).toEqual({ text: 'a', stop: '.' });
    expect(matcher.push('c')).toEqual({ text: '', stop: '.' });
    expect(matcher.flush()).toBe('');
  });

  it.each([[['']], [['a'.repeat(1025)]], [new Array<string>(65).fill('a')]])(
    'refuses bad stop strings',
    (stops) => {
      expect(() => new StopMatcher(stops)).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    },
  );
});

import { describe, expect, it } from 'vitest';
import { createTokenizer } from '../../src/text/index.js';
import { splitAtSpaces, splitsExactlyAtSpaces } from '../../src/text/word-split.js';
import { fixtureText } from './fixtures.js';

describe('splitAtSpaces', () => {
  it('splits before runs of space signs and loses nothing', () => {
    expect(splitAtSpaces('▁▁the▁goose▁▁▁')).toEqual(['▁▁the', '▁goose', '▁▁▁']);
    expect(splitAtSpaces('the goose')).toEqual(['the goose']);
  });
});

describe('splitsExactlyAtSpaces', () => {
  const model = { type: 'BPE', vocab: { a: 0, '▁a': 1, '▁▁': 2 } };

  it('only holds when no merge can cross the beginning of a word', () => {
    expect(splitsExactlyAtSpaces(model)).toBe(true);
    expect(splitsExactlyAtSpaces({ ...model, vocab: { 'a▁': 0 } })).toBe(false);
    expect(splitsExactlyAtSpaces({ ...model, ignore_merges: true })).toBe(false);
    expect(splitsExactlyAtSpaces({ ...model, type: 'Unigram' })).toBe(false);
  });

  it('changes no token', () => {
    const json = JSON.parse(fixtureText('llama2-spm/tokenizer.json'));
    const fast = createTokenizer(JSON.stringify(json));
    // A token that no merge makes switches the split off.
    json.model.vocab['a▁'] = Object.keys(json.model.vocab).length;
    const slow = createTokenizer(JSON.stringify(json));
    const text = '  The goose  flies over 3 rivers,\n\n   한국어 😀▁x ▁ and\tback. '.repeat(5);
    expect(fast.encode(text)).toEqual(slow.encode(text));
  });
});

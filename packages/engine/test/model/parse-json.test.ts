import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from '../../src/model/parse-json.js';

describe('parseJson', () => {
  it('agrees with JSON.parse on everything that JSON.stringify makes', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ noUnicodeString: false }),
        fc.constantFrom(undefined, 1, '\t'),
        (value, space) => {
          const text = JSON.stringify(value, null, space);
          expect(JSON.stringify(parseJson(text))).toBe(JSON.stringify(JSON.parse(text)));
        },
      ),
    );
  });

  it('agrees with JSON.parse on whether broken text is JSON', () => {
    const characters = fc.constantFrom(
      ...'{}[],:"\\ \n0123456789.-+eEtruefalsn'.split(''),
      'u0041',
    );
    fc.assert(
      fc.property(fc.array(characters, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        const attempt = (parse: (text: string) => unknown) => {
          try {
            return JSON.stringify(parse(text));
          } catch {
            return 'refused';
          }
        };
        fc.pre(!hasRepeatedKey(text));
        expect(attempt(parseJson)).toBe(attempt(JSON.parse));
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['a key given twice', '{"a":1,"a":2}', 'comes twice'],
    ['a key given twice in another spelling', '{"a":1,"\\u0061":2}', 'comes twice'],
    ['too deep a nesting', '['.repeat(50), 'too deeply'],
    ['too many values', `[${'0,'.repeat(600_000)}0]`, 'too many values'],
  ])('refuses %s', (_name, text, part) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
    expect(() => parseJson(text)).toThrow(part);
  });

  it('takes a key that objects have by themselves', () => {
    expect(Object.keys(parseJson('{"__proto__":1,"constructor":2}') as object)).toEqual([
      '__proto__',
      'constructor',
    ]);
  });
});

/** Only then may the two parsers differ. */
function hasRepeatedKey(text: string): boolean {
  return (text.match(/"\s*:/g)?.length ?? 0) > 1;
}

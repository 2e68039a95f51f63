import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { chatLimits } from '../src/chat-limits.js';
import { plainText } from '../src/markdown/plain-text.js';
import { safeLink } from '../src/markdown/safe-link.js';

describe('safeLink', () => {
  it.each(['https://example.org/a?b#c', 'http://example.org/', 'mailto:fox@example.org'])(
    'takes %s',
    (href) => {
      expect(safeLink(href)).toBe(href);
    },
  );

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' \u0001javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    '/v1/models',
    '//example.org/',
    'https://',
    '',
  ])('refuses %j', (href) => {
    expect(safeLink(href)).toBeNull();
  });
});

describe('plainText', () => {
  it('reads character references', () => {
    expect(plainText('a &lt;b&gt; &amp;amp; &#39;c&#x27; &mdash; &nope; &#0; &')).toBe(
      "a <b> &amp; 'c' — &nope; &#0; &",
    );
  });
});

describe('the parser', () => {
  const length = chatLimits.markdownCharactersMax;

  // Text that makes parsers slow. The page parses an answer anew while it grows.
  it.each([
    ['brackets', '['],
    ['quotes', '>'],
    ['stars', '*a '],
    ['underscores', '_a'],
    ['backticks', '` '],
    ['links', '[a]('],
    ['tags', '<a '],
    ['lists', '- '],
    ['pipes', '|a'],
  ])('takes a screenful of %s in bounded time', (_name, piece) => {
    const text = piece.repeat(length / piece.length / 20);
    const startedAtMs = performance.now();
    try {
      marked.lexer(text);
    } catch {
      // It may give up: then the text is shown as it is.
    }
    expect(performance.now() - startedAtMs).toBeLessThan(2000);
  });
});

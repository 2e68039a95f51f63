import type { AddedTokenFields } from './tokenizer-file.js';

/** A part of a text: an added token, or text between them. */
export type TextPart =
  | { readonly kind: 'token'; readonly token: AddedTokenFields }
  /** `start` is the offset in the text that was split. */
  | { readonly kind: 'text'; readonly text: string; readonly start: number };

interface TrieNode {
  readonly children: Map<string, TrieNode>;
  token: AddedTokenFields | null;
}

// The `regex` crate's \w and \s; JavaScript's \s lacks U+0085 and has U+FEFF.
const wordAtStart = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const wordAtEnd = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const spaceCharacter = /^\p{White_Space}$/u;

/**
 * Finds added tokens in a text as the Rust library's `AddedVocabulary` does: leftmost, then
 * longest, with `single_word`, `lstrip` and `rstrip`.
 */
export class AddedVocabulary {
  readonly #root: TrieNode = { children: new Map(), token: null };

  /** @param contentOf what a token looks like in the texts to be split */
  constructor(
    tokens: readonly AddedTokenFields[],
    contentOf: (token: AddedTokenFields) => string = (token) => token.content,
  ) {
    for (const token of tokens) this.#add(contentOf(token), token);
  }

  /** Splits a text into added tokens and the text between them. */
  split(text: string): TextPart[] {
    const parts: TextPart[] = [];
    let partStart = 0;
    let at = 0;
    while (at < text.length) {
      const match = this.#longestAt(text, at);
      if (match === null) {
        at++;
        continue;
      }
      const matchStart = at;
      at += match.length;
      if (match.token.singleWord && !standsAlone(text, matchStart, at)) continue;
      const start = match.token.lstrip
        ? Math.max(spacesBefore(text, matchStart), partStart)
        : matchStart;
      if (partStart < start) {
        parts.push({ kind: 'text', text: text.slice(partStart, start), start: partStart });
      }
      parts.push({ kind: 'token', token: match.token });
      partStart = match.token.rstrip ? spacesAfter(text, at) : at;
    }
    if (partStart < text.length) {
      parts.push({ kind: 'text', text: text.slice(partStart), start: partStart });
    }
    return parts;
  }

  #add(content: string, token: AddedTokenFields): void {
    if (content === '') return;
    let node = this.#root;
    for (const unit of content.split('')) {
      const next = node.children.get(unit) ?? { children: new Map(), token: null };
      node.children.set(unit, next);
      node = next;
    }
    node.token ??= token;
  }

  #longestAt(text: string, start: number): { token: AddedTokenFields; length: number } | null {
    let longest: { token: AddedTokenFields; length: number } | null = null;
    let node: TrieNode | undefined = this.#root;
    for (let at = start; at < text.length; at++) {
      node = node.children.get(text.charAt(at));
      if (node === undefined) break;
      if (node.token !== null) longest = { token: node.token, length: at + 1 - start };
    }
    return longest;
  }
}

/** Code points have up to two units: these are enough to see a whole one. */
function standsAlone(text: string, start: number, end: number): boolean {
  return (
    !wordAtEnd.test(text.slice(Math.max(0, start - 2), start)) &&
    !wordAtStart.test(text.slice(end, end + 2))
  );
}

function spacesBefore(text: string, end: number): number {
  let start = end;
  while (start > 0 && spaceCharacter.test(text.charAt(start - 1))) start--;
  return start;
}

function spacesAfter(text: string, start: number): number {
  let end = start;
  while (end < text.length && spaceCharacter.test(text.charAt(end))) end++;
  return end;
}

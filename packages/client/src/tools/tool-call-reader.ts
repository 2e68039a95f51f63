import type { ToolSyntax } from './tool-syntax.js';
import type { AnswerPiece, ToolCallPiece } from './tool-types.js';

const callBeginning = /\{"name": ?("(?:[^"\\]|\\.)*"), ?"(?:arguments|parameters)":/;

/** Where in an answer its reader is. */
type Place = 'start' | 'text' | 'before-call' | 'arguments';

/** Tells text and calls apart while an answer comes. */
export class ToolCallReader {
  readonly #syntax: ToolSyntax;
  #place: Place;
  /** What cannot be told yet. */
  #held = '';
  #calls = 0;
  readonly #json = new JsonExtent();

  /** @param options.isForced the prompt ended with the beginning of a call */
  constructor(syntax: ToolSyntax, options: { readonly isForced: boolean }) {
    this.#syntax = syntax;
    this.#place = options.isForced ? 'before-call' : 'start';
  }

  /** Calls that have begun so far. */
  get callCount(): number {
    return this.#calls;
  }

  /** Takes the next piece of the answer. */
  push(piece: string): AnswerPiece {
    this.#held += piece;
    let text = '';
    const toolCalls: ToolCallPiece[] = [];
    for (let isMoving = true; isMoving && this.#held !== ''; ) {
      const place = this.#place;
      const before = this.#held;
      if (place === 'start') this.#begin();
      else if (place === 'text') text += this.#readText();
      else if (place === 'before-call') toolCalls.push(...this.#readBeginning());
      else toolCalls.push(this.#readArguments());
      isMoving = place !== this.#place || before !== this.#held;
    }
    return { text, toolCalls };
  }

  /** The end of the answer: text that was held back. A call that was not begun is none. */
  flush(): string {
    const text = this.#place === 'before-call' || this.#place === 'arguments' ? '' : this.#held;
    this.#held = '';
    return text;
  }

  /** Without a trigger, the first character tells. */
  #begin(): void {
    const { trigger, markers } = this.#syntax;
    if (trigger !== null) {
      this.#place = 'text';
      return;
    }
    const marker = markers.find((text) => this.#held.startsWith(text));
    const mayBeMarker = markers.some((text) => text.startsWith(this.#held));
    if (marker === undefined && mayBeMarker) return;
    this.#place = marker !== undefined || this.#held.startsWith('{') ? 'before-call' : 'text';
  }

  #readText(): string {
    const held = this.#held;
    const { trigger } = this.#syntax;
    const at = trigger === null ? -1 : held.indexOf(trigger);
    if (trigger !== null && at >= 0) {
      this.#held = held.slice(at + trigger.length);
      this.#place = 'before-call';
      return held.slice(0, at);
    }
    let kept = trigger === null ? 0 : Math.min(held.length, trigger.length - 1);
    while (kept > 0 && !trigger?.startsWith(held.slice(held.length - kept))) kept -= 1;
    this.#held = held.slice(held.length - kept);
    return held.slice(0, held.length - kept);
  }

  #readBeginning(): ToolCallPiece[] {
    const match = callBeginning.exec(this.#held);
    if (match === null) return [];
    this.#held = this.#held.slice(match.index + match[0].length);
    this.#place = 'arguments';
    this.#calls += 1;
    const name = JSON.parse(match[1] as string) as string;
    return [{ index: this.#calls - 1, name, arguments: '' }];
  }

  #readArguments(): ToolCallPiece {
    if (!this.#json.hasBegun) this.#held = this.#held.trimStart();
    const end = this.#json.endIn(this.#held);
    const piece = end === null ? this.#held : this.#held.slice(0, end);
    this.#held = end === null ? '' : this.#held.slice(end);
    if (end !== null) this.#place = 'before-call';
    return { index: this.#calls - 1, arguments: piece };
  }
}

/** Finds where a JSON object ends. */
class JsonExtent {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;

  /** Whether it is within an object. */
  get hasBegun(): boolean {
    return this.#depth > 0;
  }

  /** The index after its last character; null: not in this piece. It is ready for the next then. */
  endIn(piece: string): number | null {
    for (let at = 0; at < piece.length; at += 1) {
      if (this.#closesAt(piece.charAt(at))) return at + 1;
    }
    return null;
  }

  #closesAt(character: string): boolean {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isInString) {
      if (character === '\\') this.#isEscaped = true;
      else if (character === '"') this.#isInString = false;
    } else if (character === '"') this.#isInString = true;
    else if (character === '{' || character === '[') this.#depth += 1;
    else if (character === '}' || character === ']') {
      this.#depth -= 1;
      return this.#depth === 0;
    }
    return false;
  }
}

import { modelFileLimits } from './model-file-limits.js';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** Has no prototype, so that a key called `__proto__` is a key like any other. */
export interface JsonObject {
  readonly [key: string]: Json;
}

/**
 * Parses JSON from a file that may be hostile.
 *
 * Differs from `JSON.parse` in what a model file needs: a key given twice is an error (two readers
 * could otherwise disagree on what a tensor is), and the number and nesting of values are bounded
 * (4 MiB of `{},` would become 90 MiB of objects).
 *
 * @throws SyntaxError with the position of the fault
 */
export function parseJson(text: string): Json {
  const parser = new JsonParser(text);
  const value = parser.value(0);
  parser.end();
  return value;
}

/** Tells whether a parsed value is an object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spacePattern = /[ \t\n\r]*/y;
const literals: readonly (readonly [string, Json])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class JsonParser {
  #index = 0;
  #valueCount = 0;

  constructor(private readonly text: string) {}

  value(depth: number): Json {
    if (depth > modelFileLimits.jsonDepthMax) throw this.fault('nested too deeply');
    this.#valueCount += 1;
    if (this.#valueCount > modelFileLimits.jsonValuesMax) throw this.fault('too many values');
    this.space();
    const next = this.text[this.#index];
    if (next === '{') return this.object(depth);
    if (next === '[') return this.array(depth);
    if (next === '"') return this.string();
    for (const [word, value] of literals) {
      if (this.text.startsWith(word, this.#index)) {
        this.#index += word.length;
        return value;
      }
    }
    return this.number();
  }

  end(): void {
    this.space();
    if (this.#index < this.text.length) throw this.fault('text after the value');
  }

  private object(depth: number): JsonObject {
    const object: Record<string, Json> = Object.create(null);
    this.#index += 1;
    if (this.take('}')) return object;
    do {
      this.space();
      if (this.text[this.#index] !== '"') throw this.fault('a key was expected');
      const key = this.string();
      if (key in object)
        throw this.fault(`the key ${JSON.stringify(key.slice(0, 80))} comes twice`);
      if (!this.take(':')) throw this.fault('":" was expected');
      object[key] = this.value(depth + 1);
    } while (this.take(','));
    if (!this.take('}')) throw this.fault('"," or "}" was expected');
    return object;
  }

  private array(depth: number): readonly Json[] {
    const array: Json[] = [];
    this.#index += 1;
    if (this.take(']')) return array;
    do array.push(this.value(depth + 1));
    while (this.take(','));
    if (!this.take(']')) throw this.fault('"," or "]" was expected');
    return array;
  }

  private string(): string {
    const start = this.#index;
    let quote = this.text.indexOf('"', start + 1);
    while (quote !== -1 && this.isEscaped(quote)) quote = this.text.indexOf('"', quote + 1);
    if (quote === -1) throw this.fault('a string has no end');
    this.#index = quote + 1;
    return JSON.parse(this.text.slice(start, quote + 1)) as string;
  }

  private isEscaped(index: number): boolean {
    let backslashes = 0;
    while (this.text[index - 1 - backslashes] === '\\') backslashes += 1;
    return backslashes % 2 === 1;
  }

  private number(): number {
    numberPattern.lastIndex = this.#index;
    const match = numberPattern.exec(this.text);
    if (match === null) throw this.fault('a value was expected');
    this.#index += match[0].length;
    return Number(match[0]);
  }

  private take(character: string): boolean {
    this.space();
    if (this.text[this.#index] !== character) return false;
    this.#index += 1;
    return true;
  }

  private space(): void {
    spacePattern.lastIndex = this.#index;
    this.#index += spacePattern.exec(this.text)?.[0].length ?? 0;
  }

  private fault(problem: string): SyntaxError {
    return new SyntaxError(`${problem} at character ${this.#index}`);
  }
}

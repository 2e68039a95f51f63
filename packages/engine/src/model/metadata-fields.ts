import { corruptModel, unsupportedModel } from './model-errors.js';

/**
 * Typed look-ups in a model's metadata, whether it came from JSON or from a GGUF header.
 *
 * An absent field and one that is null both read as undefined; a field of another type or out of
 * its range throws `model-corrupt` with the field's name and value.
 */
export class MetadataFields {
  /**
   * @param path file that errors name
   * @param prefix of the names that errors show, such as `rope_scaling.`
   */
  constructor(
    readonly path: string,
    private readonly values: Readonly<Record<string, unknown>>,
    readonly prefix = '',
  ) {}

  /** Tells whether the field is there at all, null included. */
  has(key: string): boolean {
    return this.values[key] !== undefined;
  }

  keys(): readonly string[] {
    return Object.keys(this.values);
  }

  raw(key: string): unknown {
    return this.values[key] ?? undefined;
  }

  integer(key: string, range: { min?: number; max: number }): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const min = range.min ?? 1;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > range.max) {
      throw this.fault(key, `a whole number from ${min} to ${range.max}`);
    }
    return value;
  }

  /** A finite number over 0. */
  positive(key: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
      throw this.fault(key, 'a number over 0');
    }
    return value;
  }

  /** A finite number. */
  number(key: string): number | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.fault(key, 'a number');
    return value;
  }

  boolean(key: string): boolean | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'boolean') throw this.fault(key, 'true or false');
    return value;
  }

  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (typeof value !== 'string') throw this.fault(key, 'text');
    return value;
  }

  /** Ends a look-up of a field that must be there: `fields.text('a') ?? fields.missing('a')`. */
  missing(key: string): never {
    throw corruptModel(this.path, `the field ${this.prefix}${key} is missing`);
  }

  fault(key: string, expected: string): Error {
    const shown = describe(this.values[key]);
    return corruptModel(this.path, `the field ${this.prefix}${key} is ${shown}, not ${expected}`);
  }

  /** A field whose value Skein would compute wrongly. */
  unsupported(key: string, wayOut = 'Use another model, or convert this one.'): Error {
    const shown = describe(this.values[key]);
    return unsupportedModel(this.path, `${this.prefix}${key} = ${shown} is not supported`, wayOut);
  }
}

/** A value for an error message, shortened. Lists may be long, or of bigints: only their length. */
function describe(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const length = (value as { length?: unknown }).length;
    return typeof length === 'number' ? `a list of ${length}` : 'an object';
  }
  const text = typeof value === 'string' ? JSON.stringify(value.slice(0, 80)) : String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

import { grammarLimits } from '../grammar-limits.js';
import {
  characters,
  choice,
  type Grammar,
  optional,
  repeat,
  sequence,
  text,
} from '../grammar-tree.js';

/** Bounds of a number; null: none on that side. */
export interface NumberBounds {
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly exclusiveMinimum: number | null;
  readonly exclusiveMaximum: number | null;
}

const digit = digitsFrom(0, 9);
const { integerDigitsMax, boundedFractionDigitsMax } = grammarLimits;

/** What a number without a bound on one side stays under, so that its fraction stays exact. */
const openDigits = integerDigitsMax - boundedFractionDigitsMax;

const anyInteger = sequence(
  optional(text('-')),
  choice(text('0'), sequence(digitsFrom(1, 9), repeat(digit, 0, integerDigitsMax - 1))),
);

/** Any number: up to 15 digits before the point and after it, and an exponent of up to two. */
export const anyNumber = sequence(
  anyInteger,
  optional(sequence(text('.'), repeat(digit, 1, integerDigitsMax))),
  optional(
    sequence(
      characters([0x45, 0x45], [0x65, 0x65]),
      optional(characters([0x2b, 0x2b], [0x2d, 0x2d])),
      repeat(digit, 1, 2),
    ),
  ),
);

/**
 * Integers, or numbers with up to six digits after the point, between bounds.
 * @throws Error when there is none
 */
export function numberGrammar(type: 'integer' | 'number', bounds: NumberBounds): Grammar {
  const isBounded = Object.values(bounds).some((bound) => bound !== null);
  if (!isBounded) return type === 'integer' ? anyInteger : anyNumber;
  const reach = reachOf(bounds, type === 'integer' ? integerDigitsMax : openDigits);
  const fractionMax =
    type === 'integer' ? 0 : Math.min(boundedFractionDigitsMax, integerDigitsMax - reach);
  const options: Grammar[] = [];
  for (let fraction = 0; fraction <= fractionMax; fraction += 1) {
    const [low, high] = scaledBounds(bounds, { fraction, reach });
    if (low > high) continue;
    if (low < 0n) {
      const nearest = high < 0n ? -high : 1n;
      options.push(sequence(text('-'), magnitudes(nearest, -low, fraction)));
    }
    if (high >= 0n) options.push(magnitudes(low > 0n ? low : 0n, high, fraction));
  }
  if (options.length > 0) return choice(...options);
  throw new Error(`no ${type} is between the bounds`);
}

/** Digits before the point of the largest magnitude that is allowed. */
function reachOf(bounds: NumberBounds, openReach: number): number {
  const given = Object.values(bounds).filter((bound): bound is number => bound !== null);
  const reach = Math.max(
    ...given.map((bound) => String(toScaled(bound, 0).floor).replace('-', '').length),
  );
  if (reach > integerDigitsMax) throw new Error(`a bound has over ${integerDigitsMax} digits`);
  return reach > openReach ? integerDigitsMax : openReach;
}

/** The least and the largest integer n for which n / 10^fraction is within the bounds. */
function scaledBounds(
  bounds: NumberBounds,
  { fraction, reach }: { readonly fraction: number; readonly reach: number },
): [low: bigint, high: bigint] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = bounds;
  const open = 10n ** BigInt(reach + fraction) - 1n;
  let low = -open;
  let high = open;
  const atLeast = (value: bigint) => {
    if (value > low) low = value;
  };
  const atMost = (value: bigint) => {
    if (value < high) high = value;
  };
  if (minimum !== null) atLeast(toScaled(minimum, fraction).ceiling);
  if (exclusiveMinimum !== null) atLeast(toScaled(exclusiveMinimum, fraction).floor + 1n);
  if (maximum !== null) atMost(toScaled(maximum, fraction).floor);
  if (exclusiveMaximum !== null) atMost(toScaled(exclusiveMaximum, fraction).ceiling - 1n);
  return [low, high];
}

/** A number times 10^fraction, rounded down and up, from its decimal digits. */
function toScaled(value: number, fraction: number): { floor: bigint; ceiling: bigint } {
  const [, sign, whole = '', part = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value)) ?? [];
  const shift = Number(exponent) + fraction - part.length;
  const digits = BigInt(whole + part);
  const scale = 10n ** BigInt(Math.abs(shift));
  const magnitude = shift >= 0 ? digits * scale : digits / scale;
  const isExact = shift >= 0 || digits % scale === 0n;
  if (sign === '-') return { floor: isExact ? -magnitude : -magnitude - 1n, ceiling: -magnitude };
  return { floor: magnitude, ceiling: isExact ? magnitude : magnitude + 1n };
}

/** Integers from `low` to `high`, not negative, with the point before the last `fraction` digits. */
function magnitudes(low: bigint, high: bigint, fraction: number): Grammar {
  const widthMin = fraction + 1;
  const options: Grammar[] = [];
  for (let width = widthMin; width <= Math.max(widthMin, String(high).length); width += 1) {
    const smallest = width === widthMin ? 0n : 10n ** BigInt(width - 1);
    const largest = 10n ** BigInt(width) - 1n;
    const from = low > smallest ? low : smallest;
    const to = high < largest ? high : largest;
    if (from > to) continue;
    const pad = (value: bigint) => String(value).padStart(width, '0');
    options.push(new DigitRange(width - fraction).between(pad(from), pad(to)));
  }
  return choice(...options);
}

/** Digit strings of one width, with a point at a position. */
class DigitRange {
  readonly #pointAt: number;

  constructor(pointAt: number) {
    this.#pointAt = pointAt;
  }

  between(low: string, high: string, at = 0): Grammar {
    if (at === low.length) return text('');
    const [first, last] = [Number(low[at]), Number(high[at])];
    if (first === last) return this.#then(at, first, last, this.between(low, high, at + 1));
    const isLowOpen = /^0*$/.test(low.slice(at + 1));
    const isHighOpen = /^9*$/.test(high.slice(at + 1));
    const options: Grammar[] = [];
    if (!isLowOpen) options.push(this.#then(at, first, first, this.#atLeast(low, at + 1)));
    const from = isLowOpen ? first : first + 1;
    const to = isHighOpen ? last : last - 1;
    if (from <= to) options.push(this.#then(at, from, to, this.#free(low, at + 1)));
    if (!isHighOpen) options.push(this.#then(at, last, last, this.#atMost(high, at + 1)));
    return choice(...options);
  }

  #atLeast(low: string, at: number): Grammar {
    if (/^0*$/.test(low.slice(at))) return this.#free(low, at);
    const first = Number(low[at]);
    const same = this.#then(at, first, first, this.#atLeast(low, at + 1));
    return first === 9 ? same : choice(same, this.#then(at, first + 1, 9, this.#free(low, at + 1)));
  }

  #atMost(high: string, at: number): Grammar {
    if (/^9*$/.test(high.slice(at))) return this.#free(high, at);
    const last = Number(high[at]);
    const same = this.#then(at, last, last, this.#atMost(high, at + 1));
    return last === 0 ? same : choice(same, this.#then(at, 0, last - 1, this.#free(high, at + 1)));
  }

  #free(like: string, at: number): Grammar {
    const before = Math.max(0, Math.min(this.#pointAt, like.length) - at);
    const after = like.length - at - before;
    const parts: Grammar[] = [];
    if (before > 0) parts.push(repeat(digit, before, before));
    if (after > 0 && at <= this.#pointAt) parts.push(text('.'));
    if (after > 0) parts.push(repeat(digit, after, after));
    return sequence(...parts);
  }

  #then(at: number, first: number, last: number, rest: Grammar): Grammar {
    const here = digitsFrom(first, last);
    return at === this.#pointAt ? sequence(text('.'), here, rest) : sequence(here, rest);
  }
}

function digitsFrom(first: number, last: number): Grammar {
  return characters([0x30 + first, 0x30 + last]);
}

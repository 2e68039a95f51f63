import { createHash } from 'node:crypto';
import { SkeinError } from '@skein/protocol';
import type { Random } from '../../clock.js';
import { gatewayLimits } from '../gateway-limits.js';

/** A model of the swarm behind an alias, and its share of the callers. */
export interface ModelTarget {
  /** Name or hash. */
  readonly model: string;
  /** Relative to the other targets' weights. */
  readonly weight: number;
}

/** A name under which the gateway serves one model, or several side by side. */
export interface ModelAlias {
  readonly name: string;
  readonly targets: readonly ModelTarget[];
}

/**
 * Reads `name`, `alias=model`, or `alias=model*3+other*1` for callers divided among models.
 * @throws SkeinError `bad-argument` that shows what it should look like
 */
export function parseModelAlias(text: string): ModelAlias {
  const equals = text.indexOf('=');
  const name = (equals < 0 ? text : text.slice(0, equals)).trim();
  const parts = (equals < 0 ? name : text.slice(equals + 1)).split('+');
  const targets = parts.map((part): ModelTarget => {
    const [model = '', weight = '1', ...rest] = part.split('*').map((piece) => piece.trim());
    const value = Number(weight);
    if (model === '' || rest.length > 0 || !(value > 0 && value < Number.POSITIVE_INFINITY)) {
      throw malformed(text);
    }
    return { model, weight: value };
  });
  if (name === '' || targets.length > gatewayLimits.targetsMax) throw malformed(text);
  return { name, targets };
}

/**
 * The target that a caller gets. A caller with an identity always gets the same one, and moves only
 * when the weights do.
 */
export function pickTarget(
  alias: ModelAlias,
  identity: string | null,
  random: Random,
): ModelTarget {
  const [first, ...others] = alias.targets as readonly [ModelTarget, ...ModelTarget[]];
  if (others.length === 0) return first;
  const total = alias.targets.reduce((sum, { weight }) => sum + weight, 0);
  const share = identity === null ? random() : fractionOf(`${alias.name}\0${identity}`);
  let left = share * total;
  for (const target of alias.targets) {
    left -= target.weight;
    if (left < 0) return target;
  }
  return first;
}

/** A number in `[0, 1)` that belongs to a text. */
function fractionOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 2 ** 32;
}

function malformed(text: string): SkeinError {
  return new SkeinError(
    'bad-argument',
    `"${text}" is no model alias: write name, alias=model, or alias=model*3+other*1`,
  );
}

/** Numeric kinds: what a peer computes in, as its record and the messages of a session state it. */
import { type EngineInfo, type EngineName, engineNames, type KvType, kvTypes } from './engine.js';
import { type WeightType, weightTypes } from './manifest.js';

/** The parts of a numeric kind. */
export interface NumericKind {
  /** Type that most matrices have in memory. */
  readonly weightType: WeightType;
  /** Type of the KV cache. */
  readonly kvType: KvType;
  /** Who computes: engines add up in orders of their own. */
  readonly engine: EngineName;
}

/** `q8_0/f16`, and `f32/f16/tfjs` of another engine than ggml. Peers of equal kinds may be chained. */
export function formatNumericKind({
  weightType,
  kvType,
  engine = 'ggml',
}: Pick<EngineInfo, keyof NumericKind>): string {
  return `${weightType}/${kvType}${engine === 'ggml' ? '' : `/${engine}`}`;
}

/** The parts of a kind; null for one that this version does not know. */
export function parseNumericKind(text: string): NumericKind | null {
  const [weights, cache, maker = 'ggml', ...rest] = text.split('/');
  const weightType = weightTypes.find((type) => type === weights);
  const kvType = kvTypes.find((type) => type === cache);
  const engine = engineNames.find((name) => name === maker);
  const isKnown = weightType !== undefined && kvType !== undefined && engine !== undefined;
  return isKnown && rest.length === 0 ? { weightType, kvType, engine } : null;
}

/**
 * How far a logit may be off the one that exact arithmetic on the same stored weights gives,
 * relative to the largest of its row; null for a kind that is not known. These are the bounds that
 * the engines' tests hold on tiny random models, where errors are larger than on trained ones. Routes of
 * several kinds are as precise as their least precise hop.
 */
export function numericTolerance(text: string): number | null {
  const kind = parseNumericKind(text);
  if (kind === null) return null;
  return (weightTolerances[kind.weightType] ?? quantisedTolerance) + kvTolerances[kind.kvType];
}

const weightTolerances: Readonly<Partial<Record<WeightType, number>>> = {
  f32: 1e-4,
  f16: 1e-2,
  bf16: 5e-2,
};

/** Activations are rounded to eight bits before a product. */
const quantisedTolerance = 2e-1;

const kvTolerances: Readonly<Record<KvType, number>> = { f32: 0, f16: 2e-2, q8_0: 2e-1 };

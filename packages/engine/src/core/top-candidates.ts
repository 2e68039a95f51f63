/** The best candidates of a row of logits, by descending logit and then ascending id. */
export interface TopCandidates {
  readonly ids: Int32Array;
  readonly logits: Float32Array;
}

/** Ids are below this (`limits.vocabSizeMax`), so that logit and id fit into one double exactly. */
const idRange = 2 ** 20;

/** Candidates beyond `count` that are collected before the worst are thrown out. */
const slack = 256;

/**
 * Selects the `count` best of a row. NaN counts as minus infinity.
 *
 * A candidate is one number that sorts as it should, so that the built-in sort needs no
 * comparison function. Nearly all elements fail the comparison with the worst candidate so far.
 */
export function selectTop(row: Float32Array, count: number): TopCandidates {
  if (count === 1) {
    const best = indexOfMaximum(row);
    return { ids: Int32Array.of(best), logits: Float32Array.of(row[best] as number) };
  }
  const kept = Math.min(count, row.length);
  const bits = new Uint32Array(row.buffer, row.byteOffset, row.length);
  const keys = new Float64Array(2 * kept + slack);
  let filled = 0;
  // The first ones are taken as they are: there may be no better ones.
  while (filled < kept) {
    keys[filled] = sortKey(row[filled] as number, bits[filled] as number, filled);
    filled += 1;
  }
  let worst = Number.NEGATIVE_INFINITY;
  for (let id = kept; id < row.length; id += 1) {
    const logit = row[id] as number;
    // Of equal logits the first was seen before, and comes first.
    if (!(logit > worst)) continue;
    keys[filled] = sortKey(logit, bits[id] as number, id);
    filled += 1;
    if (filled < keys.length) continue;
    keys.sort();
    filled = kept;
    worst = row[idOf(keys[kept - 1] as number)] as number;
    // Nothing is greater than NaN, but everything is better.
    if (Number.isNaN(worst)) worst = Number.NEGATIVE_INFINITY;
  }
  const ids = Int32Array.from(keys.subarray(0, filled).sort().subarray(0, kept), idOf);
  return { ids, logits: Float32Array.from(ids, (id) => row[id] as number) };
}

/** A number that is smaller the better the candidate is. `bits` are the logit's. */
function sortKey(logit: number, bits: number, id: number): number {
  // Bits of floats sort like integers once negative ones are turned around; the result is reversed.
  let descending = logit < 0 ? bits : ~bits & 0x7fff_ffff;
  if (logit === 0) descending = 0x7fff_ffff;
  if (Number.isNaN(logit)) descending = 0xffff_ffff;
  return descending * idRange + id;
}

function idOf(key: number): number {
  return key % idRange;
}

/** The first of the largest elements. */
function indexOfMaximum(row: Float32Array): number {
  let best = 0;
  let maximum = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index] as number;
    if (value > maximum) {
      maximum = value;
      best = index;
    }
  }
  return best;
}

/**
 * The magnitude by which YaRN multiplies q and k, so that attention over a longer context stays as
 * sharp: `0.1 m ln(s) + 1` (arXiv 2309.00071, equation 22).
 *
 * @param factor s, how many times longer the context became
 * @param scale m, 1 unless a model was trained with another one
 */
export function yarnMagnitude(factor: number, scale: number): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}

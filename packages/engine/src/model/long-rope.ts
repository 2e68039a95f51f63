/**
 * The magnitude by which LongRoPE multiplies q and k: `sqrt(1 + ln(s) / ln(L))` (arXiv 2402.13753,
 * section 3.2, as Phi-3 has it).
 *
 * @param factor s, how many times longer the context became
 * @param originalLength L, tokens of the context before
 */
export function longRopeMagnitude(factor: number, originalLength: number): number {
  return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalLength));
}

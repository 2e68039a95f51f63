/** Which tokens may be chosen. */
export interface TokenMask {
  /** A bit for each token of the vocabulary, 32 in a word. */
  readonly bits: Uint32Array;
  /** Bits that are set. */
  readonly count: number;
}

/** Whether a mask has a token. */
export function isAllowed({ bits }: TokenMask, token: number): boolean {
  return (((bits[token >>> 5] ?? 0) >>> (token & 31)) & 1) === 1;
}

/** A mask with further tokens. */
export function withTokens(mask: TokenMask, tokens: readonly number[]): TokenMask {
  const bits = mask.bits.slice();
  let { count } = mask;
  for (const token of tokens) {
    if (isAllowed({ bits, count }, token) || token >>> 5 >= bits.length) continue;
    bits[token >>> 5] = (bits[token >>> 5] as number) | (1 << (token & 31));
    count += 1;
  }
  return { bits, count };
}

/** What a mask leaves of candidates, in their order. */
export function selectAllowed(
  mask: TokenMask,
  candidates: { readonly ids: Int32Array; readonly logits: Float32Array },
): { ids: Int32Array; logits: Float32Array } {
  const ids = candidates.ids.filter((id) => isAllowed(mask, id));
  const logits = candidates.logits.filter((_, at) => isAllowed(mask, candidates.ids[at] as number));
  return { ids, logits };
}

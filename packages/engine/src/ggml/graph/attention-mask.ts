import type { ModelConfig, Span } from '@skein/protocol';
import { isWindowedBlock } from '../../model/is-windowed-block.js';

/** Which of the two kinds of attention the blocks of a span use. */
export function attentionUses(
  config: ModelConfig,
  span: Span,
): { readonly everywhere: boolean; readonly windowed: boolean } {
  const kinds = Array.from({ length: span.end - span.start }, (_, index) =>
    isWindowedBlock(config, span.start + index),
  );
  return { everywhere: kinds.includes(false), windowed: kinds.includes(true) };
}

/** f16 bits of minus infinity. */
const minusInfinity = 0xfc00;

/**
 * Which cached tokens each row may look at: `[rows, attendedTokens]` f16, 0 where it may and minus
 * infinity where not. A row sees itself and what came before, within the sliding window.
 *
 * @param item the rows' position in the session
 * @param slidingWindow tokens that a row sees, itself included; null for all
 */
export function attentionMask(
  item: { readonly position: number; readonly rows: number },
  attendedTokens: number,
  slidingWindow: number | null,
): Uint16Array {
  const mask = new Uint16Array(item.rows * attendedTokens).fill(minusInfinity);
  for (let row = 0; row < item.rows; row += 1) {
    const end = item.position + row + 1;
    const start = slidingWindow === null ? 0 : Math.max(0, end - slidingWindow);
    mask.fill(0, row * attendedTokens + start, row * attendedTokens + end);
  }
  return mask;
}

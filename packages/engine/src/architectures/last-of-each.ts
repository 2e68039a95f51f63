/** The last of every `period` blocks: those that see all tokens. */
export function lastOfEach(period: number, blockCount: number): readonly number[] {
  const blocks = Array.from({ length: blockCount }, (_, block) => block);
  return blocks.filter((block) => (block + 1) % period === 0);
}

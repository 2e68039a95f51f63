import {
  hasNonFinite,
  type KvMessage,
  type Received,
  SkeinError,
  type Span,
} from '@skein/protocol';

/**
 * Checks that pieces of cache which a hop gives us to pass on are those that were asked for: each
 * block in order, every token once. Whoever imports them would have to blame us otherwise.
 */
export class PieceSequence {
  readonly #span: Span;
  readonly #tokens: number;
  #block: number;
  #position = 0;
  /** Elements of a token's keys; the first piece tells. */
  #width: number | null = null;

  /** Expects tokens `[0, tokens)` of every block of the span. */
  constructor(span: Span, tokens: number) {
    this.#span = span;
    this.#tokens = tokens;
    this.#block = span.start;
  }

  /**
   * Takes the next piece, and returns its size in bytes.
   * @throws SkeinError `bad-output`
   */
  accept({ message, tensors }: Received<KvMessage>): number {
    const { block, position, count, length } = message;
    const end = position + count;
    const isDue = block === this.#block && position === this.#position && count > 0;
    if (!isDue || block >= this.#span.end || end > this.#tokens) {
      throw new SkeinError('bad-output', `tokens ${position} to ${end} of block ${block} came`);
    }
    const isLast = end === this.#tokens && block === this.#span.end - 1;
    if (length !== (isLast ? this.#tokens : undefined)) {
      throw new SkeinError('bad-output', `a piece of cache says that its length is ${length}`);
    }
    const bytes = this.#checkTensors({ message, tensors });
    this.#position = end;
    if (end === this.#tokens) {
      this.#block += 1;
      this.#position = 0;
    }
    return bytes;
  }

  #checkTensors({ message, tensors }: Received<KvMessage>): number {
    let bytes = 0;
    for (const tensor of tensors) {
      const [rows, width = 0] = tensor.shape;
      this.#width ??= width;
      const isNumbers = tensor.type === 'f32' || tensor.type === 'f16';
      const isShape = tensor.shape.length === 2 && rows === message.count && width === this.#width;
      if (!isNumbers || !isShape || hasNonFinite(tensor)) {
        const shape = `${tensor.type} [${tensor.shape.join(', ')}]`;
        throw new SkeinError('bad-output', `unusable cache of block ${message.block}: ${shape}`);
      }
      bytes += tensor.bytes.byteLength;
    }
    return bytes;
  }
}

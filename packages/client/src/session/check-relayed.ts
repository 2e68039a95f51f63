import {
  hasNonFinite,
  type Received,
  SkeinError,
  type StepMessage,
  type WireType,
} from '@skein/protocol';

/**
 * Checks what a hop gave us to pass on to its successor, which would have to blame us for it.
 * @throws SkeinError `bad-output`
 */
export function checkRelayed(
  { message, tensors }: Received<StepMessage>,
  agreed: { readonly wireType: WireType; readonly hiddenSize: number },
): void {
  const { wireType, hiddenSize } = agreed;
  const [rows] = tensors;
  const [rowCount, width, ...others] = rows?.shape ?? [];
  const isShape = rowCount === message.rows && width === hiddenSize && others.length === 0;
  if (rows === undefined || !isShape || rows.type !== wireType) {
    const shape = `${rows?.type} [${rows?.shape.join(', ')}]`;
    const due = `${wireType} [${message.rows}, ${hiddenSize}]`;
    throw new SkeinError('bad-output', `${shape} where ${due} is due`);
  }
  if (hasNonFinite(rows)) {
    throw new SkeinError('bad-output', `the output of step ${message.step} is not finite`);
  }
}

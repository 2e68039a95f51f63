import { hasNonFinite, type Received, SkeinError, type StepMessage } from '@skein/protocol';

/**
 * Checks what a hop gave us to pass on to its successor, which would have to blame us for it.
 * @throws SkeinError `bad-output`
 */
export function checkRelayed({ message, tensors }: Received<StepMessage>): void {
  const [rows] = tensors;
  const isRows = rows?.shape.length === 2 && rows.shape[0] === message.rows;
  if (!isRows || rows.type === 'i32' || rows.type === 'u8') {
    const shape = `${rows?.type} [${rows?.shape.join(', ')}]`;
    throw new SkeinError('bad-output', `${shape} for ${message.rows} hidden rows`);
  }
  if (hasNonFinite(rows)) {
    throw new SkeinError('bad-output', `the output of step ${message.step} is not finite`);
  }
}

import {
  byteLengthOf,
  bytesOf,
  decodeHidden,
  type HiddenType,
  int32View,
  limits,
  type ModelConfig,
  type OpenMessage,
  SkeinError,
  type StepItem,
  type StepMessage,
  type Tensor,
} from '@skein/protocol';

/** What a step's input and output have to fit. */
export interface StepContext {
  readonly open: OpenMessage;
  readonly config: ModelConfig;
}

/**
 * Checks a step against its session, so that nothing impossible reaches the engine, and turns it
 * into an item of a batch. Position and epoch are checked when its turn comes.
 *
 * @throws SkeinError `protocol-violation`, `bad-argument`, `limit-exceeded`
 */
export function checkStep(
  message: StepMessage,
  tensor: Tensor | undefined,
  context: StepContext,
): StepItem {
  const { open, config } = context;
  if (message.until !== undefined && message.until < open.span.end) {
    throw new SkeinError(
      'protocol-violation',
      `a replay until block ${message.until} came to a hop that ends at ${open.span.end}`,
    );
  }
  if (message.rowByRow === true && message.logits !== undefined) {
    throw new SkeinError('protocol-violation', 'logits of rows that are repeated one by one');
  }
  if (tensor === undefined) throw new SkeinError('protocol-violation', 'a step without tensors');
  const input = open.ends.embedding
    ? tokensInput(message, tensor, config)
    : hiddenInput(message, tensor, context);
  return {
    session: open.session,
    position: message.position,
    rows: message.rows,
    input,
    output: stepOutput(message, context),
    ...(message.rowByRow === true && { rowByRow: true }),
  };
}

/** Whether a step ends at this hop without logits, being a replay. */
export function endsHere(message: StepMessage, open: OpenMessage): boolean {
  return message.until === open.span.end;
}

function tokensInput(message: StepMessage, tensor: Tensor, config: ModelConfig): StepItem['input'] {
  checkShape(tensor, 'i32', [message.rows]);
  const tokens = int32View(tensor.bytes);
  for (const token of tokens) requireToken(token, config);
  return { kind: 'tokens', tokens };
}

function requireToken(token: number, { vocabSize }: ModelConfig): void {
  if (token >= 0 && token < vocabSize) return;
  throw new SkeinError('bad-argument', `token ${token} of a vocabulary of ${vocabSize}`);
}

function hiddenInput(
  message: StepMessage,
  tensor: Tensor,
  { open, config }: StepContext,
): StepItem['input'] {
  checkShape(tensor, open.wireType, [message.rows, config.hiddenSize]);
  if (open.wireType === 'int8') {
    return { kind: 'hidden', type: 'f32', bytes: bytesOf(decodeHidden(tensor)) };
  }
  return { kind: 'hidden', type: open.wireType, bytes: tensor.bytes };
}

function stepOutput(message: StepMessage, { open, config }: StepContext): StepItem['output'] {
  const { targets } = message;
  const hasTargetEach = message.logits === 'all' && targets?.length === message.rows;
  if (targets !== undefined && !hasTargetEach) {
    const text = `${targets.length} targets for ${message.rows} rows, ${message.logits} logits`;
    throw new SkeinError('protocol-violation', text);
  }
  if (!open.ends.head) return { kind: 'hidden', type: engineType(open) };
  if (message.logits === undefined || endsHere(message, open)) return { kind: 'none' };
  const topK = Math.min(message.topK ?? 0, config.vocabSize);
  const rowCount = message.logits === 'all' ? message.rows : 1;
  const width = topK === 0 ? config.vocabSize : topK;
  if (rowCount * width * 8 > limits.bodyBytesMax) {
    throw new SkeinError('limit-exceeded', `${rowCount} rows of ${width} logits in one result`);
  }
  const output = { kind: 'logits', rows: message.logits, topK } as const;
  if (targets === undefined) return output;
  for (const token of targets) requireToken(token, config);
  return { ...output, targets: Int32Array.from(targets) };
}

/** The engine knows no int8: it is converted here. */
function engineType(open: OpenMessage): HiddenType {
  return open.wireType === 'int8' ? 'f32' : open.wireType;
}

function checkShape(tensor: Tensor, type: Tensor['type'], shape: readonly number[]): void {
  const isRight =
    tensor.type === type &&
    tensor.shape.length === shape.length &&
    shape.every((dimension, index) => tensor.shape[index] === dimension) &&
    tensor.bytes.byteLength === byteLengthOf(type, shape);
  if (isRight) return;
  throw new SkeinError(
    'protocol-violation',
    `input ${tensor.type} [${tensor.shape.join(', ')}] where ${type} [${shape.join(', ')}] is due`,
  );
}

import { hasNonFinite, type KvMessage, SkeinError, type Tensor } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';

/**
 * Writes a piece of KV cache that the client sent; see {@link importPiece}.
 *
 * @throws SkeinError `protocol-violation`, `bad-output`, `kv-full`
 */
export async function handleKvImport(
  host: SessionHost,
  session: HopSession,
  message: KvMessage,
  tensors: readonly Tensor[],
): Promise<void> {
  await session.control(() => importPiece(host, session, message, tensors));
}

/**
 * Writes a piece of KV cache; after the last one the session has its new length, and the client is
 * told `kv-imported`. The outputs of imported tokens cannot be replayed.
 *
 * @throws SkeinError `protocol-violation`, `bad-output`, `kv-full`
 */
export async function importPiece(
  host: SessionHost,
  session: HopSession,
  message: KvMessage,
  tensors: readonly Tensor[],
): Promise<void> {
  const { block, position, count, length } = message;
  const [keys, values] = checkPiece(host, session, message, tensors);
  if (count > 0) {
    const { type } = keys;
    const chunk = { block, position, count, type, keys: keys.bytes, values: values.bytes };
    await host.engine.importKv(session.id, chunk);
  }
  if (length === undefined) return;
  await host.engine.setLength(session.id, length);
  session.length = length;
  session.history.reset(length);
  void session.reply({ type: 'kv-imported', position: length });
}

interface KvTensor {
  readonly type: 'f32' | 'f16';
  readonly bytes: Uint8Array;
}

function checkPiece(
  host: SessionHost,
  session: HopSession,
  message: KvMessage,
  tensors: readonly Tensor[],
): [KvTensor, KvTensor] {
  const { span, tokensMax } = session.open;
  const { kvHeadCount, headDim } = host.engine.info.config;
  const { block, position, count, length } = message;
  const [keys, values] = tensors;
  const isTensor = (tensor: Tensor | undefined): tensor is Tensor & KvTensor =>
    (tensor?.type === 'f32' || tensor?.type === 'f16') &&
    tensor.shape.length === 2 &&
    tensor.shape[0] === count &&
    tensor.shape[1] === kvHeadCount * headDim;
  const isInside =
    block >= span.start &&
    block < span.end &&
    position + count <= tokensMax &&
    (length ?? 0) <= tokensMax;
  if (!isInside || !isTensor(keys) || !isTensor(values) || keys.type !== values.type) {
    throw new SkeinError(
      'protocol-violation',
      `a piece of KV cache for block ${block}, tokens ${position} to ${position + count}, ` +
        'does not fit the session',
    );
  }
  if (tensors.some(hasNonFinite)) {
    throw new SkeinError('bad-output', `the cache of block ${block} is not finite`);
  }
  return [keys, values];
}

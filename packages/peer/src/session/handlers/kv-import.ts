import {
  hasNonFinite,
  type KvMessage,
  type KvType,
  SkeinError,
  type Tensor,
} from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import { kvTypeOfWire } from '../kv-wire-types.js';
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
  readonly type: KvType;
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
  const ofTensor = (tensor: Tensor | undefined): KvTensor | null => {
    const type = tensor === undefined ? null : kvTypeOfWire(tensor.type);
    if (tensor === undefined || type === null) return null;
    const { shape, bytes } = tensor;
    const fits = shape.length === 2 && shape[0] === count && shape[1] === kvHeadCount * headDim;
    return fits ? { type, bytes } : null;
  };
  const [ownKeys, ownValues] = [ofTensor(keys), ofTensor(values)];
  const isInside =
    block >= span.start &&
    block < span.end &&
    position + count <= tokensMax &&
    (length ?? 0) <= tokensMax;
  if (!isInside || ownKeys === null || ownValues === null || ownKeys.type !== ownValues.type) {
    throw new SkeinError(
      'protocol-violation',
      `a piece of KV cache for block ${block}, tokens ${position} to ${position + count}, ` +
        'does not fit the session',
    );
  }
  if (tensors.some(hasNonFinite)) {
    throw new SkeinError('bad-output', `the cache of block ${block} is not finite`);
  }
  return [ownKeys, ownValues];
}

import {
  formatSpan,
  type KvChunk,
  type KvExportMessage,
  SkeinError,
  spanContains,
  type Tensor,
} from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { SessionHost } from '../session-host.js';
import { sessionLimits } from '../session-limits.js';

/**
 * Sends cached keys and values, block by block, in pieces.
 *
 * @throws SkeinError `protocol-violation`
 */
export async function handleKvExport(
  host: SessionHost,
  session: HopSession,
  message: KvExportMessage,
): Promise<void> {
  const { span, from, to } = message;
  await session.control(async () => {
    if (!spanContains(session.open.span, span) || from > to || to > session.length) {
      const asked = `tokens ${from} to ${to} of blocks ${formatSpan(span)}`;
      throw new SkeinError('protocol-violation', `${asked} are not in the session's cache`);
    }
    const tokensMax = pieceTokens(host);
    for (let block = span.start; block < span.end; block++) {
      for (let start = from; start < to; start += tokensMax) {
        const end = Math.min(to, start + tokensMax);
        const chunk = await host.engine.exportKv(session.id, { block, start, end });
        const isLast = block === span.end - 1 && end === to;
        await sendChunk(session, chunk, isLast ? to : null);
      }
    }
  });
}

/** Tokens of one block whose keys and values fit into a piece. */
function pieceTokens(host: SessionHost): number {
  const { config, kvType } = host.engine.info;
  const elementBytes = kvType === 'f16' ? 2 : 4;
  const tokenBytes = 2 * config.kvHeadCount * config.headDim * elementBytes;
  return Math.max(1, Math.floor(sessionLimits.kvPieceBytesMax / tokenBytes));
}

function sendChunk(
  session: HopSession,
  chunk: KvChunk,
  length: number | null,
): Promise<void> | undefined {
  const { block, position, count, type, keys, values } = chunk;
  const width = count === 0 ? 0 : keys.byteLength / (type === 'f16' ? 2 : 4) / count;
  const tensor = (bytes: Uint8Array): Tensor => ({ type, shape: [count, width], bytes });
  return session.reply(
    { type: 'kv', block, position, count, ...(length === null ? {} : { length }) },
    [tensor(keys), tensor(values)],
  );
}

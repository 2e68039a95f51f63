import type { Clock, SkeinNode } from '@skein/client/network';
import {
  type InfoRequest,
  infoAnswerSchema,
  infoProtocol,
  type VerifiedRecord,
  verifyRecord,
} from '@skein/protocol';
import type { MemberRecord } from '../hosting/swarm-of-records.js';
import { rebalanceLimits } from './rebalance-limits.js';

/** What asking takes. */
export interface Asking {
  readonly node: SkeinNode;
  readonly clock: Clock;
  /** Milliseconds since 1970: records are checked against it. */
  readonly wallClock: () => number;
}

/**
 * Asks peers who they are: their own newest records, of those that answer in time and serve. A view
 * of the swarm may show peers that are dead, or that have changed their mind.
 */
export async function askPeers(
  asking: Asking,
  records: readonly MemberRecord[],
  signal: AbortSignal,
): Promise<VerifiedRecord[]> {
  const asked = records.slice(0, rebalanceLimits.askedPeersMax);
  const answers = await Promise.all(asked.map((record) => askPeer(asking, record, signal)));
  return answers.filter((answer) => answer !== null);
}

async function askPeer(
  { node, clock, wallClock }: Asking,
  { peerId: peer, body }: MemberRecord,
  signal: AbortSignal,
): Promise<VerifiedRecord | null> {
  const late = new AbortController();
  const cancel = clock.schedule(rebalanceLimits.answerMs, () => late.abort());
  const limit = AbortSignal.any([signal, late.signal]);
  try {
    const bytes = await requestRecord(node, { peer, multiaddrs: body.multiaddrs }, limit);
    if (bytes === null) return null;
    const record = await verifyRecord(bytes, { now: wallClock() });
    return record.peerId === peer ? record : null;
  } catch {
    // Unreachable, too late, or not to be trusted: whatever it is, it is not to be relied on.
    return null;
  } finally {
    cancel();
  }
}

/** The signed record out of a peer's `info`; null when it does not serve, or answers otherwise. */
async function requestRecord(
  node: SkeinNode,
  remote: Parameters<SkeinNode['openChannel']>[0],
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
    const opening = node.openChannel<typeof infoAnswerSchema, InfoRequest>(
      remote,
      infoProtocol,
      infoAnswerSchema,
      (channel) => ({
        onMessage({ message, tensors }) {
          const isServing = message.type === 'info' && message.state === 'serving';
          resolve(isServing ? (tensors[0]?.bytes.slice() ?? null) : null);
          channel.close().catch(() => undefined);
        },
        onClose: () => resolve(null),
      }),
      { signal },
    );
    opening.then((channel) => channel.send({ type: 'info-request' })).catch(reject);
  });
}

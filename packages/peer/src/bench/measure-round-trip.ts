import type { SkeinNode } from '@skein/client/network';
import {
  type InfoMessage,
  type InfoRequest,
  infoAnswerSchema,
  infoProtocol,
  type PeerId,
  SkeinError,
} from '@skein/protocol';

/** How far a peer is: small messages, there and back, on a stream that is open. */
export interface RoundTrip {
  readonly peer: PeerId;
  readonly engine: string;
  readonly device: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const requests = 50;
const answerMsMax = 10_000;

/**
 * Connects to a peer and asks it who it is, again and again.
 * @throws SkeinError `peer-unreachable`, `timeout`, or what the peer answers
 */
export async function measureRoundTrip(
  node: SkeinNode,
  multiaddr: string,
  options: { signal: AbortSignal },
): Promise<RoundTrip> {
  const peer = await node.connect([multiaddr], options);
  let answered: (info: Pick<InfoMessage, 'engine' | 'device'>) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const channel = await node.openChannel<typeof infoAnswerSchema, InfoRequest>(
    { peer, multiaddrs: [multiaddr] },
    infoProtocol,
    infoAnswerSchema,
    () => ({
      onMessage({ message }) {
        if (message.type === 'info') answered(message);
        else failed(new SkeinError('busy', 'The peer does not serve yet.', { peer }));
      },
      onClose: (error) =>
        failed(error ?? new SkeinError('stream-closed', 'The peer hung up.', { peer })),
    }),
    options,
  );
  const ask = () =>
    new Promise<Pick<InfoMessage, 'engine' | 'device'>>((resolve, reject) => {
      const late = () => reject(new SkeinError('timeout', 'The peer does not answer.', { peer }));
      const timer = setTimeout(late, answerMsMax);
      answered = (info) => {
        clearTimeout(timer);
        resolve(info);
      };
      failed = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      void channel.send({ type: 'info-request' });
    });
  try {
    // The first answer comes over a stream that is still being agreed on.
    const { engine, device } = await ask();
    const times: number[] = [];
    for (let request = 0; request < requests; request++) {
      options.signal.throwIfAborted();
      const startedAt = performance.now();
      await ask();
      times.push(performance.now() - startedAt);
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(share * times.length)] as number;
    return { peer, engine, device, p50Ms: at(0.5), p99Ms: at(0.99) };
  } finally {
    failed = () => undefined;
    await channel.close();
  }
}

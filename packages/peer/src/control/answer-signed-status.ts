import type { ChannelAcceptor, Clock } from '@skein/client/network';
import {
  type SignedStatusMessage,
  type SignedStatusRequest,
  type StatusMessage,
  signStatus,
} from '@skein/protocol';
import { reportLimits } from './report-limits.js';

/** What {@link answerSignedStatus} needs. */
export interface SignedStatusSource {
  /** @throws SkeinError `busy` before the peer is ready */
  describe(): Omit<StatusMessage, 'type'>;
  /** The peer's identity. */
  readonly privateKey: Parameters<typeof signStatus>[1]['privateKey'];
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  wallClock(): number;
}

/** Answers how this peer is, signed, so that whoever asks can pass it on. */
export function answerSignedStatus(
  source: SignedStatusSource,
): ChannelAcceptor<SignedStatusRequest, SignedStatusMessage> {
  const sign = () => {
    const status: StatusMessage = { type: 'status', ...source.describe() };
    return signStatus(status, { privateKey: source.privateKey, issuedAtMs: source.wallClock() });
  };
  let signed: { readonly bytes: Promise<Uint8Array>; readonly atMs: number } | null = null;
  return (channel) => ({
    answersErrors: true,
    async onMessage() {
      const nowMs = source.clock.now();
      if (signed === null || nowMs - signed.atMs > reportLimits.signatureMs) {
        signed = { bytes: sign(), atMs: nowMs };
      }
      const current = signed;
      try {
        await channel.send({ type: 'signed-status', status: await current.bytes });
      } catch (error) {
        if (signed === current) signed = null;
        throw error;
      }
    },
    onClose: () => undefined,
  });
}

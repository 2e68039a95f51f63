import type { ChannelAcceptor } from '@skein/client/network';
import {
  type Received,
  SkeinError,
  type ToHopMessage,
  type ToSuccessorMessage,
} from '@skein/protocol';
import { handleAhead } from './handlers/ahead.js';
import { handleAttach } from './handlers/attach.js';
import { handleClose } from './handlers/close.js';
import { handleHandOver } from './handlers/hand-over.js';
import { handleKvExport } from './handlers/kv-export.js';
import { handleKvImport } from './handlers/kv-import.js';
import { handleLink } from './handlers/link.js';
import { handleOpen } from './handlers/open.js';
import { handleProbe } from './handlers/probe.js';
import { handleReplay } from './handlers/replay.js';
import { handleStep } from './handlers/step.js';
import { handleTakeOver } from './handlers/take-over.js';
import { handleTruncate } from './handlers/truncate.js';
import type { HopSession } from './hop-session.js';
import type { OutgoingToClient, OutgoingToPredecessor } from './outgoing.js';
import type { SessionHost } from './session-host.js';
import type { SessionHosts } from './session-hosts.js';

/** Serves a client's stream: one session, from `open` until the stream ends. */
export function acceptSession(
  hosts: SessionHosts,
): ChannelAcceptor<ToHopMessage, OutgoingToClient> {
  return (channel) => {
    let host: SessionHost | null = null;
    let session: HopSession | null = null;
    return {
      answersErrors: true,
      onMessage(received) {
        if (host !== null && session !== null) return handle(host, session, received);
        if (received.message.type !== 'open') {
          throw new SkeinError('protocol-violation', `${received.message.type} before open`);
        }
        host = hosts.forOpen(received.message);
        session = handleOpen(host, channel, received.message);
        return undefined;
      },
      // Whatever ended it: without its client a session is of use to nobody.
      onClose() {
        if (session !== null) host?.remove(session);
      },
    };
  };
}

/**
 * Only `step` and `kv` keep the stream waiting; other work goes on beside it, in order, so that a
 * `probe` is answered at once.
 */
function handle(
  host: SessionHost,
  session: HopSession,
  { message, tensors }: Received<ToHopMessage>,
): Promise<void> | undefined {
  switch (message.type) {
    case 'step':
      return handleStep(host, session, { message, tensors }, null);
    case 'probe':
      handleProbe(host, session, message);
      return undefined;
    case 'ahead':
      handleAhead(host, session, message);
      return undefined;
    case 'truncate':
      return inBackground(session, handleTruncate(host, session, message));
    case 'link':
      return inBackground(session, handleLink(host, session, message));
    case 'replay':
      return inBackground(session, handleReplay(session, message));
    case 'kv-export':
      return inBackground(session, handleKvExport(host, session, message));
    case 'kv':
      return handleKvImport(host, session, message, tensors);
    case 'hand-over':
      return inBackground(session, handleHandOver(host, session, message));
    case 'close':
      handleClose(host, session);
      return undefined;
    case 'open':
      throw new SkeinError('protocol-violation', 'a second open on one stream');
  }
}

/** What fails is reported like a bad message: the session ends. */
function inBackground(session: HopSession, work: Promise<void>): undefined {
  work.catch((error: unknown) => void session.fail(error));
  return undefined;
}

/** Serves a push stream: `attach`, then a predecessor's steps, or the cache of a peer that leaves. */
export function acceptPush(
  hosts: SessionHosts,
): ChannelAcceptor<ToSuccessorMessage, OutgoingToPredecessor> {
  return (channel) => {
    let host: SessionHost | null = null;
    let session: HopSession | null = null;
    return {
      answersErrors: true,
      onMessage({ message, tensors }) {
        if (host === null || session === null) {
          if (message.type !== 'attach') {
            throw new SkeinError('protocol-violation', `${message.type} before attach`);
          }
          return hosts.forAttach(message.session).then(async (attached) => {
            host = attached;
            session = await handleAttach(host, channel, message);
          });
        }
        switch (message.type) {
          case 'step':
            return handleStep(host, session, { message, tensors }, channel.remotePeer);
          case 'kv':
            return handleTakeOver(host, session, { message, tensors }, channel.remotePeer);
          case 'attach':
            throw new SkeinError('protocol-violation', 'a second attach on one stream');
        }
      },
      onClose() {
        session?.pushChannels.delete(channel);
      },
    };
  };
}

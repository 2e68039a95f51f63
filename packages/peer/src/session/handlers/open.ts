import type { MessageChannel } from '@skein/client/network';
import {
  type Ends,
  formatSpan,
  limits,
  type OpenMessage,
  SkeinError,
  spanContains,
  spanLength,
} from '@skein/protocol';
import { HopSession } from '../hop-session.js';
import type { OutgoingToClient } from '../outgoing.js';
import { OutputHistory } from '../output-history.js';
import type { SessionHost } from '../session-host.js';
import { sessionLimits } from '../session-limits.js';

/**
 * Opens a session on this hop and answers `opened`.
 *
 * @throws SkeinError `draining`, `busy`, `not-hosting`, `session-exists`, `kv-full`,
 *   `context-exceeded`, `protocol-violation`, which end the stream
 */
export function handleOpen(
  host: SessionHost,
  channel: MessageChannel<OutgoingToClient>,
  message: OpenMessage,
): HopSession {
  checkRoom(host, channel, message);
  checkHosting(host, message);
  const { span, ends, wireType } = message;
  // An engine cannot round to blocks of int8 within its graph: what such a session generates does
  // depend on where its route is cut.
  const residualType = wireType === 'int8' ? 'f32' : wireType;
  host.engine.openSession(message.session, { span, ends, residualType });
  const session = new HopSession({
    open: message,
    channel,
    history: new OutputHistory(host.historyBudget, limits.historyBytesPerSessionMax),
    hiddenSize: host.engine.info.config.hiddenSize,
    services: host,
  });
  host.add(session);
  host.linkTo(session, message.successor);
  session.link?.prepare();
  void session.reply({
    type: 'opened',
    kvTokensFree: host.engine.kvTokensFree,
    queuedRows: host.queuedRows,
  });
  return session;
}

function checkRoom(
  host: SessionHost,
  channel: MessageChannel<OutgoingToClient>,
  message: OpenMessage,
): void {
  if (host.isDraining) throw new SkeinError('draining', 'this peer is about to leave');
  if (!host.isEngineUp) throw new SkeinError('busy', 'the engine is being restarted');
  if (host.find(message.session) !== null) {
    throw new SkeinError('session-exists', `session ${message.session} is open already`);
  }
  const sessions = host.sessionCount;
  const ofRemote = host.sessionsOf(channel.remotePeer);
  if (sessions >= limits.sessionsPerPeerMax || ofRemote >= limits.sessionsPerRemoteMax) {
    const details = { sessions, ofRemote };
    throw new SkeinError('busy', `${sessions} sessions, ${ofRemote} of yours`, { details });
  }
  checkQueue(host, message);
  const { config, kvTokensMax } = host.engine.info;
  if (message.tokensMax > config.contextLength) {
    throw new SkeinError(
      'context-exceeded',
      `${message.tokensMax} tokens; the model's context has ${config.contextLength}`,
    );
  }
  const { kvTokensFree } = host.engine;
  const tokensSoon = Math.min(message.tokensMax, sessionLimits.firstTokens);
  if (kvTokensFree < tokensSoon) {
    throw new SkeinError('kv-full', `there is room for ${kvTokensFree} more tokens now`, {
      details: { wanted: tokensSoon, free: kvTokensFree },
    });
  }
  if (message.tokensMax > kvTokensMax) {
    throw new SkeinError('kv-full', `${message.tokensMax} tokens; the cache holds ${kvTokensMax}`, {
      details: { kvTokensMax },
    });
  }
}

/** A queue that is long already would only make everybody's steps late. */
function checkQueue(host: SessionHost, { priority = 'interactive' }: OpenMessage): void {
  const { queueMs } = host;
  if (queueMs <= sessionLimits.queueMsMax[priority]) return;
  const details = { queueMs: Math.round(queueMs) };
  const seconds = (queueMs / 1000).toFixed(0);
  throw new SkeinError('busy', `the steps that wait here take another ${seconds} s`, { details });
}

function checkHosting(host: SessionHost, message: OpenMessage): void {
  const { info } = host.engine;
  const isModel = message.model === host.model && message.numericKind === host.numericKind;
  if (!isModel || !spanContains(info.span, message.span) || !endsContain(info.ends, message.ends)) {
    const hosted = `blocks ${formatSpan(info.span)} in ${host.numericKind}`;
    throw new SkeinError('not-hosting', `this peer hosts ${hosted} of ${host.model}`, {
      details: { start: info.span.start, end: info.span.end, numericKind: host.numericKind },
    });
  }
  const { span, ends } = message;
  const isTouching =
    (!ends.embedding || span.start === 0) && (!ends.head || span.end === info.config.blockCount);
  if (spanLength(span) === 0 || !isTouching) {
    throw new SkeinError(
      'protocol-violation',
      `a session cannot use blocks ${formatSpan(span)} so`,
    );
  }
}

function endsContain(hosted: Ends, used: Ends): boolean {
  return (hosted.embedding || !used.embedding) && (hosted.head || !used.head);
}

import { limits, type ReplayMessage, SkeinError } from '@skein/protocol';
import type { HopSession } from '../hop-session.js';
import type { OutgoingStep } from '../outgoing.js';
import type { HistoryPiece } from '../output-history.js';
import { sessionLimits } from '../session-limits.js';

/**
 * Sends stored outputs to the successor as steps that end before the block `until`; answers
 * `replayed`, or `history-gone` when some of the outputs are not there any more.
 */
export async function handleReplay(session: HopSession, message: ReplayMessage): Promise<void> {
  if (message.epoch < session.epoch) return;
  if (message.epoch > session.epoch) session.enterEpoch(message.epoch);
  await session.control(async () => {
    const { from, to, step, epoch } = message;
    const pieces = session.history.pieces({
      from,
      to,
      singlesMax: sessionLimits.replaySinglesMax,
      rowsJoinedMax: limits.rowsJoinedMax,
      rowsMax: sessionLimits.replayRowsMax,
    });
    if (pieces === null || session.successor === null) {
      const { start, end } = session.history;
      const text = `outputs for ${from} to ${to} are asked for; ${start} to ${end} are there`;
      const details = { historyStart: start, historyEnd: end };
      session.sendError(new SkeinError('history-gone', text, { details }), { step, epoch });
      return;
    }
    for (const [index, piece] of pieces.entries()) {
      // The client gave up on this replay, and began something else.
      if (session.isClosed || session.epoch !== epoch) return;
      await sendPiece(session, message, piece, step + index);
    }
    void session.reply({ type: 'replayed', epoch, steps: pieces.length });
  });
}

function sendPiece(
  session: HopSession,
  replay: ReplayMessage,
  piece: HistoryPiece,
  step: number,
): Promise<void> | undefined {
  const { epoch, until } = replay;
  const { position, rows, rowByRow, tensor } = piece;
  const message: OutgoingStep = { type: 'step', step, epoch, position, rows, until, trace: [] };
  if (rowByRow) message.rowByRow = true;
  if (session.successor?.kind === 'client') return session.reply(message, [tensor]);
  return session.link?.send(message, [tensor]);
}

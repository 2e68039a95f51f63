import { formatSpan } from '@skein/protocol';
import type { PeerEvent } from '../peer-events.js';
import { formatBytes, formatDuration, type Output, painter } from './output.js';

/** What happens on a peer, for people and programs; `ready` is the command's own. */
export function showPeerEvent(event: PeerEvent, output: Output): void {
  const paint = painter(output.decorated);
  // `ready` is printed with the health address beside it.
  if (event.type === 'ready') return;
  const { type, ...fields } = event;
  output.event({ event: type, ...plain(fields) });
  switch (event.type) {
    case 'listening':
      output.say(paint.dim(`Listening as ${event.peerId}.`));
      return;
    case 'placed':
      output.say(`Hosting blocks ${event.span.start}:${event.span.end}: ${event.reason}.`);
      return;
    case 'loading': {
      const share = event.totalBytes === 0 ? 1 : event.loadedBytes / event.totalBytes;
      const bar = '█'.repeat(Math.round(share * 24)).padEnd(24, '░');
      output.progress(`Loading ${bar} ${formatBytes(event.loadedBytes)}`);
      return;
    }
    case 'move-planned':
      output.say(
        `Planning to move from blocks ${event.reason} ` +
          paint.dim(`(gain ${(event.gain * 100).toFixed(1)}%)`),
      );
      return;
    case 'move-drains-first':
      output.say(
        `Memory does not hold blocks ${formatSpan(event.to)} beside ${formatSpan(event.from)}: ` +
          `${formatBytes(event.neededBytes)} more, of ${formatBytes(event.freeBytes)} free. ` +
          'Others host all of them, so these go first.',
      );
      return;
    case 'moved':
      output.say(
        `${paint.green('Moved')} from blocks ${event.reason} ` +
          paint.dim(`(${formatDuration(event.elapsedMs)})`),
      );
      return;
    case 'span-released':
      output.say(
        paint.dim(`Blocks ${formatSpan(event.span)} are free${remarkOnSessions(event.sessions)}.`),
      );
      return;
    case 'move-cancelled':
      output.say(
        `Not moving from blocks ${formatSpan(event.from)} to ${formatSpan(event.to)}: ${event.reason}.`,
      );
      return;
    case 'warning':
      output.say(`${paint.yellow('Warning:')} ${event.message}`);
      return;
    case 'session-opened':
      output.say(paint.dim(`+ session of ${event.client}`));
      return;
    case 'session-closed':
      output.say(paint.dim(`- session of ${event.client}, ${event.tokens} tokens`));
      return;
    case 'engine-failed':
      output.say(
        `${paint.red('The engine failed')} and ends ${event.lostSessions} sessions; ` +
          `it starts again. ${event.error.message}`,
      );
      return;
    case 'engine-restarted':
      output.say(`The engine is back after ${formatDuration(event.elapsedMs)}.`);
      return;
    case 'engine-gave-up':
      output.say(
        `${paint.red('The engine does not come back.')} ${event.error.message}\n` +
          'Stop this peer and start it with --device cpu, or with fewer blocks.',
      );
      return;
    case 'stopping':
      output.say(event.isGraceful ? '\nSaying goodbye…' : '\nStopping.');
      return;
    case 'draining':
      if (event.sessions > 0) output.say(describeDrain(event));
  }
}

/** `Draining: 3 sessions left, 25 s.` */
function describeDrain({
  sessions,
  remainingMs,
}: {
  sessions: number;
  remainingMs: number;
}): string {
  const noun = sessions === 1 ? 'session' : 'sessions';
  return `Draining: ${sessions} ${noun} left, ${formatDuration(remainingMs)}.`;
}

function remarkOnSessions(count: number): string {
  if (count === 0) return '';
  return count === 1 ? '; 1 session went on elsewhere' : `; ${count} sessions went on elsewhere`;
}

/** Errors have no enumerable fields: JSON would show them as `{}`. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? value.message : value,
    ]),
  );
}

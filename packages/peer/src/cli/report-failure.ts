import { exitCodeOf, toSkeinError } from '@skein/protocol';
import { CommanderError } from 'commander';
import { createOutput, painter } from './output.js';

/** Prints what went wrong and what to do, and returns the exit code. */
export function reportFailure(error: unknown, options: { json: boolean }): number {
  // Commander has printed its own message.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const failure = toSkeinError(error);
  const output = createOutput(options);
  const paint = painter(output.decorated);
  const isOurs = failure === error;
  output.event({
    event: 'error',
    code: failure.code,
    message: failure.message,
    details: failure.details,
  });
  output.say(`${paint.red('Error:')} ${failure.message}`);
  // An error that nobody foresaw is a bug: its stack helps whoever reports it.
  if (!isOurs && error instanceof Error) output.say(paint.dim(error.stack ?? ''));
  if (process.env.SKEIN_DEBUG !== undefined && failure.cause !== undefined) {
    output.say(paint.dim(String((failure.cause as Error).stack ?? failure.cause)));
  }
  return exitCodeOf(failure);
}

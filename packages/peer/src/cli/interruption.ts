/**
 * A signal that aborts at the first SIGINT or SIGTERM. The second ends the process at once, for
 * whoever does not want to wait for the orderly end.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  let count = 0;
  const interrupt = (signal: NodeJS.Signals) => {
    count += 1;
    if (count > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
    controller.abort(new DOMException('Interrupted.', 'AbortError'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return controller.signal;
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

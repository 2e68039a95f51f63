/**
 * How a command talks: under `--json` one object a line on standard output and text for people on
 * standard error; otherwise results on standard output and remarks on standard error.
 */

/** A machine-readable line. `event` names what happened; the rest are its fields. */
export interface OutputEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

export interface Output {
  readonly json: boolean;
  /** Whether colours and redrawn lines make sense on the stream for people. */
  readonly decorated: boolean;
  /** A machine-readable event; printed only under `--json`. */
  event(event: OutputEvent): void;
  /** A remark for people, one line or more. */
  say(text: string): void;
  /** A remark without a line end; it is replaced by the next one when decorated. */
  progress(text: string): void;
  /** The command's result for people, such as generated text; not printed under `--json`. */
  result(text: string): void;
}

/** Creates the output of a command on the process's own streams. */
export function createOutput(options: { json: boolean }): Output {
  const decorated = process.stderr.isTTY === true && process.env.NO_COLOR === undefined;
  let progressShown = false;
  const clearProgress = () => {
    if (progressShown) process.stderr.write('\r\x1b[2K');
    progressShown = false;
  };
  return {
    json: options.json,
    decorated,
    event(event) {
      if (options.json) process.stdout.write(`${JSON.stringify(event)}\n`);
    },
    say(text) {
      clearProgress();
      process.stderr.write(`${text}\n`);
    },
    progress(text) {
      if (!decorated) return;
      process.stderr.write(`\r\x1b[2K${text}`);
      progressShown = true;
    },
    result(text) {
      clearProgress();
      if (!options.json) process.stdout.write(text);
    },
  };
}

/** Colours for people; plain text where the terminal has none. */
export function painter(decorated: boolean) {
  const paint = (code: number) => (text: string) =>
    decorated ? `\x1b[${code}m${text}\x1b[0m` : text;
  return {
    bold: paint(1),
    dim: paint(2),
    red: paint(31),
    green: paint(32),
    yellow: paint(33),
    blue: paint(34),
    magenta: paint(35),
    cyan: paint(36),
  };
}

/** `1.5 GiB`, `312 MiB`, `12 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${units[unit]}`;
}

/** `850 ms`, `3.2 s`, `4 min 10 s`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds.toFixed(0)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Lines that are kept, for the message of an error. */
const linesMax = 40;

/** Longer lines are cut. */
const lineCharactersMax = 500;

/** What ggml writes when all is well. */
const ordinaryLine = /^(load_backend: loaded|repack: )/;

/** Keeps the last lines that a process wrote. */
export class LineLog {
  readonly lines: string[] = [];
  private partial = '';

  push(chunk: Buffer): void {
    const parts = (this.partial + chunk.toString('utf8')).split(/\r?\n/);
    this.partial = (parts.pop() ?? '').slice(0, lineCharactersMax);
    for (const line of parts) {
      if (line.trim() !== '' && !ordinaryLine.test(line))
        this.lines.push(line.slice(0, lineCharactersMax));
    }
    this.lines.splice(0, Math.max(0, this.lines.length - linesMax));
  }
}

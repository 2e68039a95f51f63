import { SkeinError } from '@skein/protocol';

/** Stop strings of one generation; OpenAI allows 4. */
const stopStringsMax = 64;
/** Longest stop string, in UTF-16 units: what is held back stays short. */
const stopStringCharactersMax = 1024;

/** What a piece of the stream led to. */
export interface StopResult {
  /** Text that is certain not to belong to a stop string. */
  readonly text: string;
  /** The stop string that was met, which ends the stream; null if none. */
  readonly stop: string | null;
}

/**
 * Looks for stop strings in a stream of text. What could be the beginning of one is held back. The
 * one that is complete first ends the text, so the outcome does not depend on how the text is split
 * into pieces.
 */
export class StopMatcher {
  readonly #stopStrings: readonly string[];
  readonly #holdMax: number;
  #held = '';
  #stop: string | null = null;

  /** @throws SkeinError `bad-argument` for empty, overlong or too many stop strings */
  constructor(stopStrings: readonly string[]) {
    if (stopStrings.length > stopStringsMax) {
      throw badStop(`at most ${stopStringsMax} stop strings, got ${stopStrings.length}`);
    }
    for (const stop of stopStrings) {
      if (stop.length > 0 && stop.length <= stopStringCharactersMax) continue;
      throw badStop(`a stop string has 1 to ${stopStringCharactersMax} characters`);
    }
    this.#stopStrings = [...new Set(stopStrings)];
    this.#holdMax = Math.max(0, ...this.#stopStrings.map((stop) => stop.length - 1));
  }

  /** Takes the next piece of text. After a stop, pieces are swallowed. */
  push(piece: string): StopResult {
    if (this.#stop !== null) return { text: '', stop: this.#stop };
    const pending = this.#held + piece;
    const found = this.#firstStop(pending);
    if (found !== null) {
      this.#stop = found.stop;
      this.#held = '';
      return { text: pending.slice(0, found.index), stop: found.stop };
    }
    const heldLength = this.#beginningLength(pending);
    this.#held = pending.slice(pending.length - heldLength);
    return { text: pending.slice(0, pending.length - heldLength), stop: null };
  }

  /** The end of the stream: returns what was held back, since no stop string came of it. */
  flush(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }

  /** The stop string that is complete first; of those that end together the longest. */
  #firstStop(text: string): { index: number; stop: string } | null {
    let best: { index: number; stop: string } | null = null;
    for (const stop of this.#stopStrings) {
      const index = text.indexOf(stop);
      if (index < 0) continue;
      const end = index + stop.length;
      const bestEnd = best === null ? Number.POSITIVE_INFINITY : best.index + best.stop.length;
      if (end < bestEnd || (end === bestEnd && index < (best?.index ?? 0))) best = { index, stop };
    }
    return best;
  }

  /** Length of the longest end of the text that a stop string begins with. */
  #beginningLength(text: string): number {
    for (let length = Math.min(this.#holdMax, text.length); length > 0; length--) {
      const end = text.slice(text.length - length);
      if (this.#stopStrings.some((stop) => stop.length > length && stop.startsWith(end))) {
        return length;
      }
    }
    return 0;
  }
}

function badStop(message: string): SkeinError {
  return new SkeinError('bad-argument', message);
}

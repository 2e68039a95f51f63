/**
 * The decoders of tokenizer.json as streams: each takes token texts one by one and gives text as
 * soon as nothing that follows can change it. Joined, the pieces are what the Rust `tokenizers`
 * library decodes from all tokens at once.
 */

/** A step from token texts towards text. */
export interface DecodeStage {
  /** Takes the next piece and returns those that have become final. */
  push(piece: string): readonly string[];
  /** The end: returns what was held back. The stage is not used again. */
  flush(): readonly string[];
  /** Forgets whole characters that were held back, keeping the beginning of an unfinished one. */
  settle(): void;
}

/** A stage without memory. */
export function mapStage(map: (piece: string) => string): DecodeStage {
  return { push: (piece) => [map(piece)], flush: () => [], settle: () => {} };
}

/** Runs stages one after the other. */
export function sequenceStage(stages: readonly DecodeStage[]): DecodeStage {
  const pushThrough = (pieces: readonly string[], from: number) =>
    stages
      .slice(from)
      .reduce((current, stage) => current.flatMap((p) => stage.push(p)), [...pieces]);
  return {
    push: (piece) => pushThrough([piece], 0),
    flush: () => stages.flatMap((stage, index) => pushThrough(stage.flush(), index + 1)),
    settle: () => {
      for (const stage of stages) stage.settle();
    },
  };
}

/** `ByteLevel`: each character of a token stands for a byte; the bytes of all tokens are UTF-8. */
export function byteLevelStage(): DecodeStage {
  const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
  const textEncoder = new TextEncoder();
  const decode = (bytes: Uint8Array, stream: boolean) => {
    const text = utf8.decode(bytes, { stream });
    return text === '' ? [] : [text];
  };
  return {
    push: (piece) => decode(bytesOfByteLevel(piece) ?? textEncoder.encode(piece), true),
    flush: () => decode(new Uint8Array(0), false),
    settle: () => {},
  };
}

/** `ByteFallback`: tokens `<0x00>` to `<0xFF>` are bytes of characters outside the vocabulary. */
export function byteFallbackStage(): DecodeStage {
  let run: number[] = [];
  const endRun = () => {
    const text = run.length === 0 ? [] : [decodeRun(run)];
    run = [];
    return text;
  };
  return {
    push: (piece) => {
      const byte = byteOfFallbackToken(piece);
      if (byte === null) return [...endRun(), piece];
      run.push(byte);
      return [];
    },
    flush: endRun,
    settle: () => {
      run = run.slice(run.length - unfinishedLength(run));
    },
  };
}

/** `Strip` of what was fused into one piece: up to `start` of a character, `stop` at the end. */
export function stripFusedStage(options: {
  content: string;
  start: number;
  stop: number;
}): DecodeStage {
  const { content, start, stop } = options;
  let startLeft = start;
  let held = '';
  return {
    push: (piece) => {
      let text = piece;
      while (startLeft > 0 && text !== '') {
        if (text.startsWith(content)) {
          text = text.slice(content.length);
          startLeft--;
        } else startLeft = 0;
      }
      const pending = held + text;
      held = pending.slice(pending.length - trailingLength(pending, content, stop));
      return [pending.slice(0, pending.length - held.length)];
    },
    flush: () => [],
    settle: () => {
      held = '';
    },
  };
}

/** `Strip` of each token. */
export function stripToken(
  token: string,
  { content, start, stop }: { content: string; start: number; stop: number },
): string {
  let text = token;
  for (let cut = 0; cut < start && text.startsWith(content); cut++) {
    text = text.slice(content.length);
  }
  return text.slice(0, text.length - trailingLength(text, content, stop));
}

/**
 * `Metaspace`: the replacement character is a space, and nothing in the first token where the
 * encoder prepends one.
 */
export function metaspaceStage(options: {
  replacement: string;
  prependsSpace: boolean;
}): DecodeStage {
  const { replacement, prependsSpace } = options;
  let isFirst = true;
  return {
    push: (piece) => {
      const space = isFirst && prependsSpace ? '' : ' ';
      isFirst = false;
      return [piece.replaceAll(replacement, space)];
    },
    flush: () => [],
    settle: () => {},
  };
}

/** No decoder at all: tokens are words, with a space between them. */
export function wordsStage(): DecodeStage {
  let isFirst = true;
  return {
    push: (piece) => {
      const text = isFirst ? piece : ` ${piece}`;
      isFirst = false;
      return [text];
    },
    flush: () => [],
    settle: () => {},
  };
}

/** Characters of up to `limit` repetitions of `content` at the end. */
function trailingLength(text: string, content: string, limit: number): number {
  let length = 0;
  for (let cut = 0; cut < limit; cut++) {
    if (!text.endsWith(content, text.length - length)) break;
    length += content.length;
  }
  return length;
}

/**
 * GPT-2's map of bytes to printable characters: the printable ones of Latin-1 stand for
 * themselves, the others for U+0100 and up in their order.
 */
const byteOfCharacter: ReadonlyMap<string, number> = (() => {
  const map = new Map<string, number>();
  let shifted = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const isPrintable =
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    map.set(String.fromCharCode(isPrintable ? byte : shifted++), byte);
  }
  return map;
})();

/** The bytes of a token, or null when one of its characters stands for none (added tokens). */
export function bytesOfByteLevel(token: string): Uint8Array | null {
  const bytes = new Uint8Array(token.length);
  for (let index = 0; index < token.length; index++) {
    const byte = byteOfCharacter.get(token.charAt(index));
    if (byte === undefined) return null;
    bytes[index] = byte;
  }
  return bytes;
}

const fallbackTokenPattern = /^<0x([0-9A-Fa-f]{2})>$/;

/** The byte of a token `<0x00>` to `<0xFF>`; null for any other. */
export function byteOfFallbackToken(token: string): number | null {
  const digits = fallbackTokenPattern.exec(token)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 16);
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The Rust library takes a run as a whole: valid UTF-8, or one U+FFFD for each of its bytes. */
function decodeRun(run: readonly number[]): string {
  try {
    return strictUtf8.decode(Uint8Array.from(run));
  } catch {
    return '\ufffd'.repeat(run.length);
  }
}

/** Bytes at the end that begin a UTF-8 character and do not finish it: 0 to 3. */
function unfinishedLength(bytes: readonly number[]): number {
  for (let length = 1; length <= 3 && length <= bytes.length; length++) {
    const byte = bytes[bytes.length - length] ?? 0;
    if (byte >= 0x80 && byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return needed > length ? length : 0;
  }
  return 0;
}

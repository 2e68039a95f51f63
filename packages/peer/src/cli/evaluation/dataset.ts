import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { type EvaluationItem, evaluationLimits, parseEvaluationItem } from '@skein/client';
import { SkeinError, toSkeinError } from '@skein/protocol';

/** Bad lines that are named before the rest is only counted. */
const namedLinesMax = 10;
/** A line may hold the longest text, every character escaped. */
const lineCharactersMax = 6 * evaluationLimits.textCharactersMax;

interface ReadOptions {
  /** Items to read at most. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** What is known of a data set before it is computed. */
export interface CheckedDataset {
  readonly items: number;
  /** SHA-256 of the items, as hex. */
  readonly digest: string;
}

/**
 * Reads a whole data set and checks every line.
 * @throws SkeinError `bad-argument` that names the lines that are no items, `bad-configuration` when
 *   the file cannot be read
 */
export async function checkDataset(path: string, options: ReadOptions): Promise<CheckedDataset> {
  const hash = createHash('sha256');
  const bad: string[] = [];
  let badCount = 0;
  let items = 0;
  for await (const { line, number } of linesOf(path, options.signal)) {
    if (items === options.limit) break;
    items += 1;
    hash.update(line).update('\n');
    try {
      parseLine(line);
    } catch (error) {
      badCount += 1;
      if (bad.length < namedLinesMax) bad.push(`  line ${number}: ${toSkeinError(error).message}`);
    }
  }
  if (badCount > 0) {
    const more = badCount > bad.length ? [`  and ${badCount - bad.length} more`] : [];
    const text = [`${path} has lines that are no items:`, ...bad, ...more].join('\n');
    throw new SkeinError('bad-argument', text, { details: { lines: badCount } });
  }
  if (items === 0) throw new SkeinError('bad-argument', `${path} holds no items.`);
  return { items, digest: hash.digest('hex') };
}

/** The items of a data set, read as they are needed. */
export async function* readDataset(
  path: string,
  { limit, signal }: ReadOptions,
): AsyncGenerator<EvaluationItem, void, undefined> {
  let items = 0;
  for await (const { line } of linesOf(path, signal)) {
    if (items === limit) return;
    items += 1;
    yield parseLine(line);
  }
}

function parseLine(line: string): EvaluationItem {
  if (line.length <= lineCharactersMax) return parseEvaluationItem(line);
  throw new SkeinError('bad-argument', `it has more than ${lineCharactersMax} characters`);
}

/** The lines that are not blank, with their numbers from 1. */
async function* linesOf(path: string, signal: AbortSignal) {
  const file = createReadStream(path, { encoding: 'utf8', signal });
  try {
    let number = 0;
    for await (const line of createInterface({
      input: file,
      crlfDelay: Number.POSITIVE_INFINITY,
    })) {
      number += 1;
      if (line.trim() !== '') yield { line, number };
    }
  } catch (cause) {
    signal.throwIfAborted();
    const { message } = toSkeinError(cause);
    throw new SkeinError('bad-configuration', `${path} cannot be read: ${message}`, { cause });
  } finally {
    file.destroy();
  }
}

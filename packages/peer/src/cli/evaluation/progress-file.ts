import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import { type EvaluationResult, parseEvaluationResult } from '@skein/client';
import { type ModelHash, SkeinError } from '@skein/protocol';

/** A progress file has a line for each result; this is more than a million of them. */
const fileBytesMax = 512 * 1024 * 1024;

/** What the results of a file belong to. */
interface ProgressHeader {
  readonly model: ModelHash;
  /** Digest of the data set's items. */
  readonly dataset: string;
}

/** The results of an evaluation, kept as they come. */
export interface ProgressFile {
  /** Those of earlier runs. */
  readonly results: readonly EvaluationResult[];
  append(result: EvaluationResult): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a progress file, or makes it. Without a path nothing is kept.
 * @throws SkeinError `bad-configuration` for a file of another model or data set, or of something else
 */
export async function openProgress(
  path: string | undefined,
  header: ProgressHeader,
): Promise<ProgressFile> {
  if (path === undefined) {
    return { results: [], append: async () => {}, close: async () => {} };
  }
  const text = await readExisting(path);
  const { results, wholeBytes } = parseProgress(path, text, header);
  const file = await openFile(path);
  // A line that was cut off by the end of a run is dropped; its item is computed again.
  await file.truncate(wholeBytes);
  if (wholeBytes === 0) await file.appendFile(line({ skeinEvaluation: 1, ...header }));
  return {
    results,
    append: async (result) => await file.appendFile(line(result)),
    close: async () => await file.close(),
  };
}

function parseProgress(
  path: string,
  text: string,
  header: ProgressHeader,
): { results: EvaluationResult[]; wholeBytes: number } {
  const end = text.lastIndexOf('\n') + 1;
  const [first, ...rest] = text.slice(0, end).split('\n').slice(0, -1);
  if (first === undefined) {
    if (text.length > 0) throw notOurs(path, 'it holds something else');
    return { results: [], wholeBytes: 0 };
  }
  const found = parseHeader(first);
  if (found === null) throw notOurs(path, 'it holds something else');
  if (found.model !== header.model) throw notOurs(path, 'it is of another model');
  if (found.dataset !== header.dataset) throw notOurs(path, 'it is of another data set');
  const results = rest.map((each, index) => {
    try {
      return parseEvaluationResult(each);
    } catch {
      throw notOurs(path, `line ${index + 2} is no result`);
    }
  });
  return { results, wholeBytes: Buffer.byteLength(text.slice(0, end)) };
}

/** The first line of a file of this version; null for anything else. */
function parseHeader(text: string): Record<keyof ProgressHeader, unknown> | null {
  try {
    const { skeinEvaluation, model, dataset } = JSON.parse(text);
    return skeinEvaluation === 1 ? { model, dataset } : null;
  } catch {
    return null;
  }
}

async function readExisting(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > fileBytesMax) throw notOurs(path, `it has more than ${fileBytesMax} bytes`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw cause;
  }
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'a');
  } catch (cause) {
    const { message } = cause as Error;
    throw new SkeinError('bad-configuration', `${path} cannot be written: ${message}`, { cause });
  }
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

function notOurs(path: string, why: string): SkeinError {
  return new SkeinError(
    'bad-configuration',
    [
      `The progress file ${path} does not belong to this evaluation: ${why}.`,
      '  1. Name another file: --progress <file>',
      '  2. Or delete it, and begin anew.',
    ].join('\n'),
  );
}

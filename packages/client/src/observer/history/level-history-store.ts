import { rename } from 'node:fs/promises';
import { isModelHash, SkeinError, toSkeinError } from '@skein/protocol';
import { type HistoryRange, historyRanges } from '@skein/protocol/http-api';
import { ClassicLevel } from 'classic-level';
import { historyCellSchema } from './history-cell.js';
import type { CellPlace, HistoryStore, StoredCell } from './history-store.js';

/** The layout of keys and values; another one begins anew beside it. */
const layout = 'v1';
/** More than 32 models in three resolutions: what is beyond was not written by us. */
const cellsMax = 100_000;

/** A {@link HistoryStore} in a folder of its own: LevelDB, which survives a crash at any moment. */
export class LevelHistoryStore implements HistoryStore {
  readonly #folder: string;
  #level: ClassicLevel<string, unknown> | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(warn: (message: string) => void): Promise<readonly StoredCell[]> {
    try {
      return await this.#read(warn);
    } catch (error) {
      if (!isDamaged(error)) throw whyNot(error, this.#folder);
      await this.#close();
      const aside = `${this.#folder}.damaged-${Date.now()}`;
      await rename(this.#folder, aside);
      warn(
        `The history in ${this.#folder} is damaged. It was moved to ${aside}; a new one begins.`,
      );
      return await this.#read(warn);
    }
  }

  async write(cells: readonly StoredCell[], dropped: readonly CellPlace[]): Promise<void> {
    try {
      this.#level ??= await this.#open();
      await this.#level.batch([
        ...dropped.map((place) => ({ type: 'del' as const, key: keyOf(place) })),
        ...cells.map(({ cell, ...place }) => ({
          type: 'put' as const,
          key: keyOf(place),
          value: cell,
        })),
      ]);
    } catch (error) {
      // LevelDB refuses everything after a failed write, until it is opened again.
      await this.#close().catch(() => undefined);
      throw whyNot(error, this.#folder);
    }
  }

  close(): Promise<void> {
    return this.#close();
  }

  async #read(warn: (message: string) => void): Promise<StoredCell[]> {
    const level = await this.#open();
    this.#level = level;
    const cells: StoredCell[] = [];
    let foreign = 0;
    for await (const [key, value] of level.iterator()) {
      const place = placeOf(key);
      const parsed = historyCellSchema.safeParse(value);
      if (place === null || !parsed.success) foreign += 1;
      else cells.push({ ...place, cell: parsed.data });
      if (cells.length > cellsMax) break;
    }
    if (foreign > 0) warn(`${foreign} entries of the history in ${this.#folder} make no sense.`);
    return cells;
  }

  async #open(): Promise<ClassicLevel<string, unknown>> {
    const level = new ClassicLevel<string, unknown>(this.#folder, { valueEncoding: 'json' });
    await level.open();
    return level;
  }

  async #close(): Promise<void> {
    const level = this.#level;
    this.#level = null;
    await level?.close();
  }
}

function keyOf({ range, model, slot }: CellPlace): string {
  return `${layout}/${range}/${model}/${String(slot).padStart(10, '0')}`;
}

function placeOf(key: string): CellPlace | null {
  const [version, range, model = '', slot = ''] = key.split('/');
  const isKnown = version === layout && (historyRanges as readonly string[]).includes(range ?? '');
  if (!isKnown || !isModelHash(model) || !/^\d{10}$/.test(slot)) return null;
  return { range: range as HistoryRange, model, slot: Number(slot) };
}

/** LevelDB wraps its error: the cause has the code and the text. */
function causeOf(error: unknown): { code: string; message: string } {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = (cause as { code?: unknown } | null)?.code;
  return { code: String(code), message: toSkeinError(cause).message };
}

function isDamaged(error: unknown): boolean {
  const { code, message } = causeOf(error);
  // A file that its own list of files names is missing: the folder itself is made where it is not.
  const lacksFile = /MANIFEST-\d+|\d+\.ldb/.test(message) && /no such file/i.test(message);
  return code === 'LEVEL_CORRUPTION' || lacksFile || /corrupt|checksum/i.test(message);
}

function whyNot(error: unknown, folder: string): SkeinError {
  const { code, message } = causeOf(error);
  const text =
    code === 'LEVEL_LOCKED'
      ? `another process writes the history in ${folder}`
      : /no space/i.test(message)
        ? `no space is left on the disk of ${folder}`
        : `the folder ${folder}: ${message}`;
  return new SkeinError('bad-configuration', text, { cause: error });
}

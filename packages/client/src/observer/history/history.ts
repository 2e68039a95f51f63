import { type ModelHash, toSkeinError } from '@skein/protocol';
import {
  type HistoryAnswer,
  type HistoryRange,
  historyRanges,
  historyReachMs,
  historyResolutionMs,
  historySeriesNames,
  type ModelState,
} from '@skein/protocol/http-api';
import type { Clock } from '../../clock.js';
import { observerLimits } from '../observer-limits.js';
import type { PeerProgress } from '../watch/observed-peer.js';
import { appendCell, emptyCell, type HistoryCell, mergeModels, pointOf } from './history-cell.js';
import type { CellPlace, HistoryStore, StoredCell } from './history-store.js';

/** Options of {@link History}. */
export interface HistoryOptions {
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
  readonly store?: HistoryStore;
  onWarning(message: string): void;
}

/** What has changed is written this often: as long as the shortest stretch. */
const writeMs = historyResolutionMs.hour;
/** Time from round to round; what is beyond was not watched. */
const roundMsMax = 60_000;

type ModelCells = Readonly<Record<HistoryRange, Map<number, HistoryCell>>>;

/**
 * What was, in three resolutions. All of it is in memory; a store, where there is one, keeps it
 * between runs, and when that fails nothing else is lost.
 */
export class History {
  readonly #options: HistoryOptions;
  /** The most recently seen last. */
  readonly #models = new Map<string, ModelCells>();
  /** Progress of peers since the round before. */
  readonly #progress = new Map<string, HistoryCell>();
  readonly #changed = new Map<string, CellPlace>();
  #dropped: CellPlace[] = [];
  #roundAtMs: number | null = null;
  #isOpen = false;
  #isFailing = false;
  #cancelTimer = () => {};
  #writing: Promise<void> = Promise.resolve();

  constructor(options: HistoryOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { store, onWarning } = this.#options;
    if (store === undefined) return;
    try {
      for (const { model, range, slot, cell } of await store.open(onWarning)) {
        this.#cells(model)[range].set(slot, cell);
      }
      this.#isOpen = true;
      this.#trim();
      this.#scheduleWrite();
    } catch (error) {
      const { message } = toSkeinError(error);
      onWarning(`History is in memory only, and is lost when this ends: ${message}`);
    }
  }

  async stop(): Promise<void> {
    this.#cancelTimer();
    if (!this.#isOpen) return;
    await this.#write();
    this.#isOpen = false;
    await this.#options.store?.close().catch(() => undefined);
  }

  /** Settles when what is being written is written, or was not to be. */
  written(): Promise<void> {
    return this.#writing;
  }

  /** What came of one peer since it was asked before. */
  addProgress(model: ModelHash, progress: PeerProgress): void {
    const before = this.#progress.get(model) ?? emptyCell;
    const { relinks: reroutes, step, firstToken } = progress;
    const own = { ...emptyCell, reroutes, step: [...step], firstToken: [...firstToken] };
    this.#progress.set(model, appendCell(before, own));
  }

  /** A round is done: the models as they are now. */
  addRound(models: readonly ModelState[]): void {
    const nowMs = this.#options.clock.now();
    const elapsedMs = this.#roundAtMs === null ? 0 : nowMs - this.#roundAtMs;
    this.#roundAtMs = nowMs;
    const watchedMs = Math.min(elapsedMs, roundMsMax);
    for (const { hash, sessions, peers, weakest, missing, tokensPerSecond } of models) {
      this.#add(hash, {
        ...(this.#progress.get(hash) ?? emptyCell),
        watchedMs,
        // Of the rates, since some peers tell what they did in a long while at once.
        tokens: (tokensPerSecond * watchedMs) / 1000,
        sessionMs: sessions * watchedMs,
        coverageMin: missing.length > 0 ? 0 : (weakest?.peers ?? 0),
        peersMin: peers,
      });
    }
    this.#progress.clear();
    this.#trim();
  }

  /** @param model null: all together. Null when nothing is known of the model */
  answer(model: string | null, range: HistoryRange): HistoryAnswer | null {
    const own = model === null ? null : this.#models.get(model);
    if (own === undefined) return null;
    const resolutionMs = historyResolutionMs[range];
    const last = Math.floor(this.#options.wallClock() / resolutionMs);
    const first = last - historyReachMs[range] / resolutionMs + 1;
    const all = own === null ? [...this.#models.values()] : [own];
    const atMs: number[] = [];
    const series = Object.fromEntries(
      historySeriesNames.map((name) => [name, [] as (number | null)[]]),
    ) as HistoryAnswer['series'];
    for (let slot = first; slot <= last; slot += 1) {
      const cells = all.flatMap((model) => model[range].get(slot) ?? []);
      const point = pointOf(cells.reduce(mergeModels, emptyCell));
      atMs.push(slot * resolutionMs);
      for (const name of historySeriesNames) series[name].push(point[name]);
    }
    return { model, range, resolutionMs, atMs, series };
  }

  #add(model: string, cell: HistoryCell): void {
    const cells = this.#cells(model);
    // Re-inserted, so that the map's order is by the latest news.
    this.#models.delete(model);
    this.#models.set(model, cells);
    const nowMs = this.#options.wallClock();
    for (const range of historyRanges) {
      const slot = Math.floor(nowMs / historyResolutionMs[range]);
      const before = cells[range].get(slot);
      cells[range].set(slot, before === undefined ? cell : appendCell(before, cell));
      this.#changed.set(keyOf({ range, model, slot }), { range, model, slot });
    }
  }

  #cells(model: string): ModelCells {
    const known = this.#models.get(model);
    if (known !== undefined) return known;
    const cells: ModelCells = { hour: new Map(), day: new Map(), week: new Map() };
    this.#models.set(model, cells);
    return cells;
  }

  /** Drops what is too old, and the models that were seen least recently. */
  #trim(): void {
    const nowMs = this.#options.wallClock();
    for (const [model, cells] of this.#models) {
      const isOver = this.#models.size > observerLimits.historyModelsMax;
      for (const range of historyRanges) {
        const oldest = (nowMs - historyReachMs[range]) / historyResolutionMs[range];
        for (const slot of cells[range].keys()) {
          if (!isOver && slot >= oldest - 1) continue;
          cells[range].delete(slot);
          this.#changed.delete(keyOf({ range, model, slot }));
          if (this.#isOpen) this.#dropped.push({ range, model, slot });
        }
      }
      if (historyRanges.every((range) => cells[range].size === 0)) this.#models.delete(model);
    }
  }

  #scheduleWrite(): void {
    this.#cancelTimer = this.#options.clock.schedule(writeMs, () => {
      this.#writing = this.#write();
      this.#scheduleWrite();
    });
  }

  /** Writes what has changed. What cannot be written now is written with the next. */
  async #write(): Promise<void> {
    await this.#writing;
    const { store, onWarning } = this.#options;
    const places = [...this.#changed.values()];
    const dropped = this.#dropped;
    if (store === undefined || (places.length === 0 && dropped.length === 0)) return;
    const cells = places.flatMap((place): StoredCell[] => {
      const cell = this.#models.get(place.model)?.[place.range].get(place.slot);
      return cell === undefined ? [] : [{ ...place, cell }];
    });
    this.#changed.clear();
    // What is not dropped now is too old as well at the next start, which drops it.
    this.#dropped = [];
    try {
      await store.write(cells, dropped);
      if (this.#isFailing) onWarning('History is written again.');
      this.#isFailing = false;
    } catch (error) {
      for (const place of places) this.#changed.set(keyOf(place), place);
      const { message } = toSkeinError(error);
      if (!this.#isFailing)
        onWarning(`History cannot be written, and is in memory only: ${message}`);
      this.#isFailing = true;
    }
  }
}

function keyOf({ range, model, slot }: CellPlace): string {
  return `${range} ${model} ${slot}`;
}

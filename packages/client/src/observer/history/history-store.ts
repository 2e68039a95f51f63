import type { HistoryRange } from '@skein/protocol/http-api';
import type { HistoryCell } from './history-cell.js';

/** The place of a cell. */
export interface CellPlace {
  readonly range: HistoryRange;
  readonly model: string;
  /** Number of the stretch: its beginning, in milliseconds since 1970, divided by its length. */
  readonly slot: number;
}

export interface StoredCell extends CellPlace {
  readonly cell: HistoryCell;
}

/** Keeps history between runs. Whatever it throws, the observer goes on without it. */
export interface HistoryStore {
  /**
   * Opens it, and reads everything. A store that is damaged is put aside, and begun anew.
   * @param warn told what an operator should know
   */
  open(warn: (message: string) => void): Promise<readonly StoredCell[]>;
  /** Writes some cells and drops others, all or nothing. */
  write(cells: readonly StoredCell[], dropped: readonly CellPlace[]): Promise<void>;
  close(): Promise<void>;
}

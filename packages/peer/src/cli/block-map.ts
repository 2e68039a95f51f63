import type { Span } from '@skein/protocol';

/** A row of the block map: one peer and what it hosts. */
export interface BlockMapRow {
  readonly name: string;
  readonly span: Span;
  /** Printed after the blocks. */
  readonly remark?: string;
}

/** Blocks beyond this are drawn several to a cell, so that a line fits a terminal. */
const cellsMax = 64;

/**
 * Draws who hosts what, as lines: a ruler, a row a peer, and the coverage of each block.
 *
 * ```
 *            0       4
 *   anser    ■■■■····  [0:4)
 *   brant    ··■■■■··  [2:6)
 *   coverage 11222211
 * ```
 */
export function drawBlockMap(blockCount: number, rows: readonly BlockMapRow[]): string[] {
  const blocksPerCell = Math.max(1, Math.ceil(blockCount / cellsMax));
  const cellCount = Math.ceil(blockCount / blocksPerCell);
  const cells = Array.from({ length: cellCount }, (_, index) => ({
    start: index * blocksPerCell,
    end: Math.min((index + 1) * blocksPerCell, blockCount),
  }));
  const nameWidth = Math.max('coverage'.length, ...rows.map((row) => row.name.length));
  const line = (name: string, drawn: string, remark = '') =>
    `${name.padEnd(nameWidth)} ${drawn} ${remark}`.trimEnd();

  const lines = [line('', ruler(cellCount, blocksPerCell))];
  for (const row of rows) {
    const drawn = cells.map((cell) => cellMark(cell, row.span)).join('');
    lines.push(line(row.name, drawn, row.remark));
  }
  const coverage = cells.map((cell) => digit(weakestIn(cell, rows)));
  lines.push(line('coverage', coverage.join('')));
  return lines;
}

/** Block numbers above every eighth cell. */
function ruler(cellCount: number, blocksPerCell: number): string {
  let text = '';
  for (let cell = 0; cell < cellCount; cell += 8) {
    text += String(cell * blocksPerCell).padEnd(8);
  }
  return text.trimEnd().padEnd(cellCount);
}

function cellMark(cell: Span, span: Span): string {
  if (span.start <= cell.start && cell.end <= span.end) return '■';
  return span.start < cell.end && cell.start < span.end ? '▪' : '·';
}

/** Hosts of the cell's weakest block. */
function weakestIn(cell: Span, rows: readonly BlockMapRow[]): number {
  let weakest = Number.POSITIVE_INFINITY;
  for (let block = cell.start; block < cell.end; block += 1) {
    const hosts = rows.filter(({ span }) => span.start <= block && block < span.end).length;
    weakest = Math.min(weakest, hosts);
  }
  return weakest;
}

const digit = (hosts: number) => (hosts > 9 ? '+' : String(hosts));

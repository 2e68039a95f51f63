import type { Span } from '@skein/protocol';

/** A row of the block map: one peer and what it hosts. */
export interface BlockMapRow {
  readonly name: string;
  readonly span: Span;
  /** Printed after the blocks. */
  readonly remark?: string;
  /** It does not serve them now, and is drawn as an outline. */
  readonly isAway?: boolean;
}

/** Options of {@link drawBlockMap}. */
export interface BlockMapOptions {
  /** Blocks beyond this are drawn several to a cell, so that a line fits a terminal. Default: 64. */
  readonly cellsMax?: number;
  /** Hosts of each block. Default: counted from the rows. */
  readonly hosts?: readonly number[];
}

const cellsMaxDefault = 64;

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
export function drawBlockMap(
  blockCount: number,
  rows: readonly BlockMapRow[],
  { cellsMax = cellsMaxDefault, hosts = hostsOf(blockCount, rows) }: BlockMapOptions = {},
): string[] {
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
    const drawn = cells.map((cell) => cellMark(cell, row)).join('');
    lines.push(line(row.name, drawn, row.remark));
  }
  const coverage = cells.map(({ start, end }) => digit(Math.min(...hosts.slice(start, end))));
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

function cellMark(cell: Span, { span, isAway = false }: BlockMapRow): string {
  const isAll = span.start <= cell.start && cell.end <= span.end;
  const isSome = span.start < cell.end && cell.start < span.end;
  if (isAway) return isSome ? '□' : '·';
  return isAll ? '■' : isSome ? '▪' : '·';
}

/** Hosts of each block, among the rows that serve. */
function hostsOf(blockCount: number, rows: readonly BlockMapRow[]): number[] {
  const serving = rows.filter(({ isAway = false }) => !isAway);
  return Array.from(
    { length: blockCount },
    (_, block) => serving.filter(({ span }) => span.start <= block && block < span.end).length,
  );
}

const digit = (hosts: number) => (hosts > 9 ? '+' : String(hosts));

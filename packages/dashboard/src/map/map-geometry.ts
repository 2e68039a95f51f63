import { dashboardLimits } from '../dashboard-limits.js';

/** Where the cells of the map are, in CSS pixels. */
export interface MapGeometry {
  readonly rowPx: number;
  readonly columnPx: number;
  readonly blockCount: number;
  readonly rowCount: number;
  readonly width: number;
  readonly height: number;
}

/** Columns as wide as there is room; rows as high as a name, or as low as it takes to see them all. */
export function mapGeometry(options: {
  readonly availablePx: number;
  readonly blockCount: number;
  readonly rowCount: number;
  /** Height that all rows are to fit into; null: they may scroll. */
  readonly fitPx?: number | null;
}): MapGeometry {
  const { availablePx, blockCount, rowCount, fitPx = null } = options;
  const { rowPxMin, columnPxMin, columnPxMax } = dashboardLimits;
  const rowFit = fitPx === null ? dashboardLimits.rowPx : Math.floor(fitPx / Math.max(1, rowCount));
  const rowPx = Math.max(rowPxMin, Math.min(dashboardLimits.rowPx, rowFit));
  const columnFit = Math.floor(availablePx / Math.max(1, blockCount));
  const columnPx = Math.min(columnPxMax, Math.max(columnPxMin, columnFit));
  return {
    rowPx,
    columnPx,
    blockCount,
    rowCount,
    width: columnPx * blockCount,
    height: rowPx * rowCount,
  };
}

/** A cell of the map: a row, and a block. */
export interface Cell {
  readonly row: number;
  readonly block: number;
}

/** The cell at a point of the map; null beside it. */
export function cellAt(geometry: MapGeometry, x: number, y: number): Cell | null {
  const { rowPx, columnPx, blockCount, rowCount } = geometry;
  const cell = { row: Math.floor(y / rowPx), block: Math.floor(x / columnPx) };
  const isInside =
    cell.row >= 0 && cell.row < rowCount && cell.block >= 0 && cell.block < blockCount;
  return isInside ? cell : null;
}

/** The cell that a key leads to; null for keys that lead nowhere. */
export function moveCell(geometry: MapGeometry, cell: Cell, key: string): Cell | null {
  const { rowCount, blockCount } = geometry;
  const page = 10;
  const moves: Readonly<Record<string, readonly [rows: number, blocks: number]>> = {
    ArrowUp: [-1, 0],
    ArrowDown: [1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
    PageUp: [-page, 0],
    PageDown: [page, 0],
    Home: [0, -blockCount],
    End: [0, blockCount],
  };
  const move = moves[key];
  if (move === undefined) return null;
  return {
    row: clamp(cell.row + move[0], rowCount),
    block: clamp(cell.block + move[1], blockCount),
  };
}

/** Rows that are seen in part or whole. */
export function visibleRows(
  geometry: MapGeometry,
  { top, height }: { readonly top: number; readonly height: number },
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.floor(top / geometry.rowPx));
  const end = Math.min(geometry.rowCount, Math.ceil((top + height) / geometry.rowPx));
  return { first, end: Math.max(first, end) };
}

function clamp(value: number, count: number): number {
  return Math.max(0, Math.min(count - 1, value));
}

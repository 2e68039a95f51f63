import type { ModelState } from '@skein/protocol/http-api';
import type { Palette } from '../state/palette.js';
import { warpEvery } from './draw-map.js';
import type { MapGeometry } from './map-geometry.js';

export const coveragePx = { bars: 44, numbers: 18 } as const;

/** How many peers each block has: a bar a block, the weakest marked, a missing one hatched. */
export function drawCoverage(
  context: CanvasRenderingContext2D,
  scene: {
    readonly model: ModelState;
    readonly geometry: MapGeometry;
    readonly colours: Palette;
    readonly block: number | null;
  },
): void {
  const { model, geometry, colours } = scene;
  const { columnPx } = geometry;
  const most = Math.max(1, ...model.coverage.map(({ peers }) => peers));
  const base = coveragePx.bars;
  for (const { block, peers } of model.coverage) {
    const x = block * columnPx + 1;
    const width = Math.max(1, columnPx - 2);
    if (peers === 0) {
      drawHole(context, colours, { x, width });
      continue;
    }
    const height = 5 + (peers / most) * (base - 10);
    // A block that hangs on one peer is as bad as the weakest.
    const isWeakest = peers === 1 || block === model.weakest?.block;
    context.fillStyle = isWeakest ? colours.madder : colours['load-2'];
    context.fillRect(x, base - height, width, height);
  }
  drawNumbers(context, scene, base);
}

function drawHole(
  context: CanvasRenderingContext2D,
  colours: Palette,
  { x, width }: { readonly x: number; readonly width: number },
): void {
  const [top, height] = [2, coveragePx.bars - 3];
  context.save();
  context.beginPath();
  context.rect(x, top, width, height);
  context.fillStyle = colours['madder-wash'];
  context.fill();
  context.clip();
  context.strokeStyle = colours.madder;
  context.lineWidth = 1.5;
  context.strokeRect(x, top, width, height);
  context.beginPath();
  for (let y = top - width; y < top + height + width; y += 5) {
    context.moveTo(x, y + width);
    context.lineTo(x + width, y);
  }
  context.stroke();
  context.restore();
}

function drawNumbers(
  context: CanvasRenderingContext2D,
  scene: Parameters<typeof drawCoverage>[1],
  base: number,
): void {
  const { geometry, colours, block: pointed } = scene;
  const { columnPx, blockCount } = geometry;
  const every = warpEvery(geometry);
  context.font = '11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace';
  context.textBaseline = 'middle';
  context.textAlign = 'center';
  const middle = base + coveragePx.numbers / 2 + 1;
  for (let block = 0; block < blockCount; block += every) {
    const isHidden = pointed !== null && Math.abs(pointed - block) * columnPx < 26;
    if (isHidden) continue;
    context.fillStyle = colours['ink-faint'];
    context.fillText(String(block), block * columnPx + columnPx / 2, middle);
  }
  if (pointed === null) return;
  context.fillStyle = colours.ink;
  context.fillText(String(pointed), pointed * columnPx + columnPx / 2, middle);
}

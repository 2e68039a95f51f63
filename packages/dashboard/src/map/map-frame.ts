import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { coveragePx } from './draw-coverage.js';
import { type MapGeometry, mapGeometry } from './map-geometry.js';

/** The part of the map that is seen. */
export interface MapWindow {
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Height of what stays on top: bars and numbers. */
export const headPx = coveragePx.bars + coveragePx.numbers;

/** Room between the map and the frame's right edge. */
const marginPx = 8;

/** Follows what a scrolling frame shows. */
export function useMapWindow(frame: RefObject<HTMLElement>): Signal<MapWindow> {
  const seen = useSignal<MapWindow>({ top: 0, width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const look = () => {
      const { scrollTop: top, clientWidth: width, clientHeight: height } = element;
      seen.value = { top, width, height };
    };
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [frame, seen]);
  return seen;
}

/** The geometry that fits a frame. */
export function geometryIn(
  { width, height }: MapWindow,
  map: { readonly blockCount: number; readonly rowCount: number; readonly isWhole: boolean },
): MapGeometry {
  return mapGeometry({
    availablePx: width - namesPx(width) - marginPx,
    blockCount: map.blockCount,
    rowCount: map.rowCount,
    fitPx: map.isWhole ? height - headPx : null,
  });
}

/** Width of the column with the names. */
export function namesPx(framePx: number): number {
  return framePx < 560 ? 92 : 168;
}

/** Height of the canvas: what is left of the frame, or all rows where these are less. */
export function bodyPx(rowsPx: number, framePx: number): number {
  return Math.max(1, Math.min(rowsPx, framePx - headPx));
}

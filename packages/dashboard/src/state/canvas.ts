import { signal } from '@preact/signals';
import { dashboardLimits } from '../dashboard-limits.js';

const motion = matchMedia('(prefers-reduced-motion: reduce)');

/** The reader wants nothing to move. */
export const wantsStillness = signal(motion.matches);
motion.addEventListener('change', ({ matches }) => {
  wantsStillness.value = matches;
});

/** Makes a canvas as large as its place, sharp on every screen, and cleans it. */
export function prepareCanvas(
  canvas: HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
): CanvasRenderingContext2D | null {
  const ratio = Math.min(devicePixelRatio, dashboardLimits.pixelRatioMax);
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d');
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, size.width, size.height);
  return context;
}

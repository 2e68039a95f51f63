/** A point of a measurement. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The straight line nearest to some points, by least squares; flat when there are too few. */
export function fitLine(points: readonly Point[]): {
  readonly slope: number;
  readonly start: number;
} {
  const count = points.length;
  const mean = (of: (point: Point) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / Math.max(1, count);
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const spread = mean((point) => (point.x - x) ** 2);
  const slope = spread === 0 ? 0 : mean((point) => (point.x - x) * (point.y - y)) / spread;
  return { slope, start: y - slope * x };
}

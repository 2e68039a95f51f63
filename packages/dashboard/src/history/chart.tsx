import { useSignalEffect } from '@preact/signals';
import type { HistoryAnswer } from '@skein/protocol/http-api';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { dashboardLimits } from '../dashboard-limits.js';
import { type Palette, palette } from '../state/palette.js';
import type { ChartSpec } from './chart-specs.js';
import { summarise } from './summary.js';

const heightPx = 150;

interface ChartProps {
  readonly spec: ChartSpec;
  readonly answer: HistoryAnswer;
}

/** One chart, with its figures in words under its title. */
export function Chart({ spec, answer }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shown = useRef(answer);
  shown.current = answer;
  const isSparse = spec.lines.every(
    ({ series }) =>
      answer.series[series].filter((value) => value !== null).length <=
      dashboardLimits.dottedPointsMax,
  );

  useSignalEffect(() => {
    const element = place.current;
    if (element === null) return;
    const options = optionsOf(spec, {
      colours: palette.value,
      width: element.clientWidth,
      isSparse,
    });
    const made = new uPlot(options, dataOf(spec, shown.current), element);
    plot.current = made;
    const observer = new ResizeObserver(() => {
      made.setSize({ width: element.clientWidth, height: heightPx });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  });
  useEffect(() => plot.current?.setData(dataOf(spec, answer)), [spec, answer]);

  return (
    <figure class="chart">
      <figcaption>
        <h3>{spec.title}</h3>
        <ul>
          {spec.lines.map((line) => (
            <li key={line.series}>
              <svg viewBox="0 0 22 8" width="22" height="8" aria-hidden="true">
                <path class={line.colour} d="M1 4h20" stroke-dasharray={line.dash.join(' ')} />
              </svg>
              {describe(line.name, answer.series[line.series], spec.say)}
            </li>
          ))}
        </ul>
      </figcaption>
      <div class="plot" ref={place} aria-hidden="true" />
    </figure>
  );
}

function describe(
  name: string,
  values: readonly (number | null)[],
  say: (value: number) => string,
): string {
  const summary = summarise(values);
  if (summary === null) return `${name}: nothing known`;
  const { newest, least, most } = summary;
  return `${name}: ${say(newest)} now, ${say(least)} to ${say(most)}`;
}

function dataOf({ lines }: ChartSpec, { atMs, series }: HistoryAnswer): uPlot.AlignedData {
  const seconds = atMs.map((ms) => ms / 1000);
  return [seconds, ...lines.map((line) => series[line.series])];
}

interface Look {
  readonly colours: Palette;
  readonly width: number;
  /** So few points that a line would not be seen. */
  readonly isSparse: boolean;
}

function optionsOf(spec: ChartSpec, { colours, width, isSparse }: Look): uPlot.Options {
  const font = '11px ui-sans-serif, system-ui, sans-serif';
  const axis = {
    stroke: colours['ink-faint'],
    font,
    grid: { stroke: colours.line, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height: heightPx,
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: { y: { range: (_plot, _least, most) => [0, niceTop(most)] } },
    axes: [
      { ...axis, size: 28, values: (_plot, times) => timesInWords(times) },
      {
        ...axis,
        size: 58,
        splits: (_plot, _axis, _least, most) => splitsOf(spec, most),
        values: (_plot, values) => values.map((value) => (value === 0 ? '0' : spec.say(value))),
      },
    ],
    series: [{}, ...spec.lines.map((line) => seriesOf(spec, line, colours, isSparse))],
    plugins: [valueTip(spec)],
  };
}

function seriesOf(
  { shape }: ChartSpec,
  line: ChartSpec['lines'][number],
  colours: Palette,
  isSparse: boolean,
): uPlot.Series {
  const { stepped, bars } = uPlot.paths;
  const paths =
    shape === 'steps'
      ? stepped?.({ align: 1 })
      : shape === 'bars'
        ? bars?.({ size: [0.7, 8] })
        : undefined;
  const colour = colours[line.colour];
  return {
    label: line.name,
    stroke: colour,
    width: 1.8,
    points: { show: isSparse, size: 5, fill: colour },
    ...(line.dash.length > 0 && { dash: [...line.dash] }),
    ...(shape === 'bars' && { fill: colour }),
    ...(paths !== undefined && { paths }),
  };
}

/** The middle has a line as well, where it can be said. */
function splitsOf({ say }: ChartSpec, most: number): number[] {
  const isMiddleSaid = say(most / 2) !== say(most);
  return isMiddleSaid ? [0, most / 2, most] : [0, most];
}

/** Above the highest value, a number that divides well. */
function niceTop(most: number): number {
  if (!(most > 0)) return 1;
  const magnitude = 10 ** Math.floor(Math.log10(most));
  const steps = [1, 2, 4, 5, 10].map((step) => step * magnitude);
  return steps.find((step) => step >= most) ?? 10 * magnitude;
}

const hours = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

function timesInWords(times: readonly number[]): string[] {
  return times.map((seconds) => {
    const date = new Date(seconds * 1000);
    return date.getHours() === 0 && date.getMinutes() === 0
      ? days.format(date)
      : hours.format(date);
  });
}

/** The values under the pointer, at the plot's upper edge. */
function valueTip(spec: ChartSpec): uPlot.Plugin {
  const tip = document.createElement('p');
  tip.className = 'tip';
  return {
    hooks: {
      init: (plot) => plot.over.append(tip),
      setCursor: (plot) => {
        const { idx } = plot.cursor;
        const at = idx == null ? undefined : plot.data[0][idx];
        tip.hidden = at === undefined;
        if (idx == null || at === undefined) return;
        const values = spec.lines.map(({ name }, line) => {
          const value = plot.data[line + 1]?.[idx];
          return `${name} ${value == null ? 'unknown' : spec.say(value)}`;
        });
        tip.textContent = `${hours.format(at * 1000)} · ${values.join(' · ')}`;
      },
    },
  };
}

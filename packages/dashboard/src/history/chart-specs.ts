import { count, duration, rate } from '@skein/look';
import type { HistorySeriesName } from '@skein/protocol/http-api';
import type { Palette } from '../state/palette.js';

/** One chart: its series, and how its numbers are said. */
export interface ChartSpec {
  readonly title: string;
  readonly lines: readonly {
    readonly series: HistorySeriesName;
    readonly name: string;
    readonly colour: keyof Palette;
    /** Beside the colour, the dash tells lines apart. */
    readonly dash: readonly number[];
  }[];
  readonly shape: 'line' | 'steps' | 'bars';
  readonly say: (value: number) => string;
}

const whole = (value: number) => count(Math.round(value));

/** The charts of the history, as they follow each other. */
export const chartSpecs: readonly ChartSpec[] = [
  {
    title: 'Tokens a second',
    lines: [{ series: 'tokensPerSecond', name: 'tokens/s', colour: 'woad', dash: [] }],
    shape: 'line',
    say: rate,
  },
  {
    title: 'Peers of the weakest block',
    lines: [{ series: 'coverageMin', name: 'peers', colour: 'madder', dash: [] }],
    shape: 'steps',
    say: whole,
  },
  {
    title: 'To the first token',
    lines: [
      { series: 'firstTokenMsP50', name: 'half', colour: 'woad', dash: [] },
      { series: 'firstTokenMsP99', name: '99 of 100', colour: 'madder', dash: [6, 3] },
    ],
    shape: 'line',
    say: duration,
  },
  {
    title: 'From token to token',
    lines: [
      { series: 'stepMsP50', name: 'half', colour: 'woad', dash: [] },
      { series: 'stepMsP99', name: '99 of 100', colour: 'madder', dash: [6, 3] },
    ],
    shape: 'line',
    say: duration,
  },
  {
    title: 'Reroutes',
    lines: [{ series: 'reroutes', name: 'reroutes', colour: 'madder', dash: [] }],
    shape: 'bars',
    say: whole,
  },
  {
    title: 'Sessions and peers',
    lines: [
      { series: 'sessions', name: 'sessions', colour: 'woad', dash: [] },
      { series: 'peers', name: 'peers', colour: 'lichen', dash: [2, 3] },
    ],
    shape: 'line',
    say: whole,
  },
];

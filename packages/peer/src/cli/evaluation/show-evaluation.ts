import type { EvaluationSummary } from '@skein/client';
import { formatDuration, type Output } from '../output.js';

const barWidth = 24;

/** What the bar measures against. */
interface Run {
  readonly total: number;
  /** Items that an earlier run computed. */
  readonly before: number;
  readonly startedAtMs: number;
}

/** `━━━━━━────── 12/48  accuracy 58.3%  3.1 items/s  11 s left`. */
export function showBar(output: Output, summary: EvaluationSummary, run: Run): void {
  const { total, before, startedAtMs } = run;
  const done = summary.items + summary.failures;
  const filled = Math.round((barWidth * done) / total);
  const bar = '━'.repeat(filled) + '─'.repeat(barWidth - filled);
  const elapsedMs = performance.now() - startedAtMs;
  const perMs = (done - before) / Math.max(1, elapsedMs);
  const left = perMs > 0 ? `${formatDuration((total - done) / perMs)} left` : '';
  const figures = [`${done}/${total}`, headline(summary), `${(1000 * perMs).toFixed(1)} items/s`];
  output.progress(`${bar} ${[...figures, left].filter(Boolean).join('  ')}`);
}

function headline({ text, choice }: EvaluationSummary): string {
  const parts: string[] = [];
  if (choice !== null) parts.push(`accuracy ${percent(choice.accuracy)}`);
  if (text !== null) parts.push(`perplexity ${text.perplexity.toFixed(2)}`);
  return parts.join('  ');
}

/** The figures at the end, for people. */
export function describeSummary({ text, choice }: EvaluationSummary): string {
  const rows: [string, string][] = [];
  if (text !== null) {
    rows.push(['perplexity', `${text.perplexity.toFixed(3)} a token`]);
    rows.push(['', `${text.bitsPerByte.toFixed(4)} bits a byte`]);
    rows.push(['', `${count(text.items, 'text')}, ${count(text.tokens, 'token')}`]);
  }
  if (choice !== null) {
    const { accuracy, accuracyPerByte, accuracyError, items } = choice;
    const error = accuracyError === null ? '' : ` ± ${percent(accuracyError)}`;
    rows.push(['accuracy', `${percent(accuracy)}${error}`]);
    rows.push(['', `${percent(accuracyPerByte)} by probability a byte`]);
    rows.push(['', count(items, 'question')]);
  }
  return rows.map(([label, value]) => `${label.padEnd(12)}${value}\n`).join('');
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)}%`;
}

function count(value: number, noun: string): string {
  return `${value} ${noun}${value === 1 ? '' : 's'}`;
}

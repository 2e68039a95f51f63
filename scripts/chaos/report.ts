import { percentile } from '../bench/bench-swarm.js';
import type { ChaosOptions } from './chaos-options.js';
import type { Difference, FailedGeneration, Recovery } from './ledger.js';
import type { ChaosRun } from './run-chaos.js';

/** Recoveries of one cause. Times are milliseconds. */
interface RecoveryRow {
  readonly cause: string;
  readonly events: number;
  readonly recoveries: number;
  readonly detectionMs: Quantiles;
  readonly rebuildMs: Quantiles;
  readonly totalMs: Quantiles;
}

interface Quantiles {
  readonly p50: number | null;
  readonly p99: number | null;
}

/** What a run found: the object that `--json` prints. */
export interface ChaosReport {
  readonly event: 'chaos';
  readonly peers: number;
  readonly clients: number;
  readonly seconds: number;
  readonly ratePerMinute: number | null;
  readonly kinds: readonly string[];
  readonly failurePerToken: number | null;
  readonly failure: string | null;
  readonly wasInterrupted: boolean;
  readonly generations: number;
  readonly failed: number;
  readonly differing: number;
  readonly tokens: number;
  readonly recoveries: readonly RecoveryRow[];
  /** Times that a client had no route and waited. */
  readonly waits: number;
  /** Events that would have left a block without hosts, and were left out. */
  readonly skipped: number;
  /** Failures that a route suffered, a token. */
  readonly recoveriesPerToken: number;
  readonly calmTokensPerSecond: number;
  readonly chaosTokensPerSecond: number;
  /** Share of the calm throughput that was kept; null before both were measured. */
  readonly kept: number | null;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly differences: readonly Difference[];
  readonly failures: readonly FailedGeneration[];
}

/** Adds up a run. */
export function reportOf(run: ChaosRun, options: ChaosOptions): ChaosReport {
  const { ledger, elapsedMs, load } = run;
  const { phases, recoveries } = ledger;
  const perSecond = (phase: 'calm' | 'chaos') =>
    elapsedMs[phase] === 0 ? 0 : (1000 * phases[phase].tokens) / elapsedMs[phase];
  const [calm, chaos] = [perSecond('calm'), perSecond('chaos')];
  const { tokens } = phases.chaos;
  return {
    event: 'chaos',
    peers: options.spans.length,
    clients: options.clients,
    seconds: Math.round(elapsedMs.chaos / 1000),
    ratePerMinute: options.ratePerMinute,
    kinds: options.ratePerMinute === null ? [] : options.kinds,
    failurePerToken: options.perToken,
    failure: options.perToken === null ? null : options.failure,
    wasInterrupted: run.wasInterrupted,
    generations: phases.calm.generations + phases.chaos.generations,
    failed: ledger.failedCount,
    differing: ledger.differingCount,
    tokens,
    recoveries: recoveryRows(run),
    waits: phases.chaos.waits,
    skipped: ledger.skippedCount,
    recoveriesPerToken: tokens === 0 ? 0 : recoveries.length / tokens,
    calmTokensPerSecond: calm,
    chaosTokensPerSecond: chaos,
    kept: calm > 0 && elapsedMs.chaos > 0 ? chaos / calm : null,
    loadBefore: load.before,
    loadAfter: load.after,
    differences: ledger.differences,
    failures: ledger.failures,
  };
}

function recoveryRows({ ledger: { recoveries, disturbances } }: ChaosRun): RecoveryRow[] {
  const causes = new Set([...disturbances.map(({ kind }) => kind), ...recoveries.map(causeOf)]);
  const row = (cause: string, events: number, of: readonly Recovery[]): RecoveryRow => ({
    cause,
    events,
    recoveries: of.length,
    detectionMs: quantiles(of.map(({ detectionMs }) => detectionMs)),
    rebuildMs: quantiles(of.map(({ rebuildMs }) => rebuildMs)),
    totalMs: quantiles(of.map(({ totalMs }) => totalMs)),
  });
  const rows = [...causes].map((cause) => {
    const events = disturbances.filter(({ kind }) => kind === cause).length;
    return row(
      cause,
      events,
      recoveries.filter((recovery) => causeOf(recovery) === cause),
    );
  });
  return [...rows, row('all', disturbances.length, recoveries)];
}

function causeOf({ cause }: Recovery): string {
  return cause;
}

function quantiles(values: readonly number[]): Quantiles {
  if (values.length === 0) return { p50: null, p99: null };
  return { p50: Math.round(percentile(values, 0.5)), p99: Math.round(percentile(values, 0.99)) };
}

/** The report for people. */
export function describeReport(report: ChaosReport): string {
  const lines = [
    `${report.peers} peers, ${report.clients} clients, ${report.seconds} s of trouble: ` +
      troubleOf(report),
    '',
    `  generations done       ${report.generations}`,
    `  generations failed     ${report.failed}`,
    `  with differing tokens  ${report.differing}`,
    `  waits without a route  ${report.waits}`,
    `  events left out        ${report.skipped} (a block would have lost its last host)`,
    `  throughput             ${report.chaosTokensPerSecond.toFixed(1)} tokens/s of ` +
      `${report.calmTokensPerSecond.toFixed(1)} in calm: ${percent(report.kept)} kept`,
    `  machine's load         ${report.loadBefore.toFixed(1)} to ${report.loadAfter.toFixed(1)}`,
    '',
    '  recoveries, ms     events  number   detection p50  p99    rebuild p50  p99    total p50  p99',
    ...report.recoveries.map(describeRow),
  ];
  for (const { job, phase, index, expected, found, history } of report.differences) {
    lines.push('', `${job} (${phase}): token ${index} is ${found} and not ${expected}`);
    lines.push(...history.map((line) => `    ${line}`));
  }
  for (const { job, phase, code, message, history } of report.failures) {
    lines.push('', `${job} (${phase}) failed: ${code}: ${message}`);
    lines.push(...history.map((line) => `    ${line}`));
  }
  if (report.wasInterrupted) lines.push('', 'Interrupted: this is what there was until then.');
  return lines.join('\n');
}

function troubleOf({ ratePerMinute, kinds, failurePerToken, failure }: ChaosReport): string {
  const parts: string[] = [];
  if (ratePerMinute !== null) parts.push(`${ratePerMinute} events a minute (${kinds.join(', ')})`);
  if (failurePerToken !== null) parts.push(`a hop fails ${failurePerToken} a token (${failure})`);
  return parts.join(', ');
}

function describeRow(row: RecoveryRow): string {
  const cell = (value: number | null, width: number) => String(value ?? '-').padStart(width);
  const pair = ({ p50, p99 }: Quantiles, width: number) => cell(p50, width) + cell(p99, 6);
  return (
    `  ${row.cause.padEnd(16)}${cell(row.events, 9)}${cell(row.recoveries, 8)}` +
    `${pair(row.detectionMs, 15)}${pair(row.rebuildMs, 13)}${pair(row.totalMs, 12)}`
  );
}

function percent(share: number | null): string {
  return share === null ? 'nothing to compare' : `${(100 * share).toFixed(0)} %`;
}

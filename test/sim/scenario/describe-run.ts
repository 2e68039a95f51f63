import type { RunReport } from './run-scenario.js';

/** Lines of the trace that are shown after a failure. */
const traceLinesMax = 150;

/** One line on a run. */
export function summarizeRun(report: RunReport): string {
  const { seed, traceHash, generations, faultCount, rerouteCount, banCount, moveCount } = report;
  const tokens = generations.reduce((sum, { tokens: { length } }) => sum + length, 0);
  const failed = generations.filter(({ error }) => error !== null).length;
  return [
    `seed ${seed}`,
    report.violations.length === 0 ? 'ok' : 'FAILED',
    `trace ${traceHash}`,
    `${generations.length} generations (${failed} without a route)`,
    `${tokens} tokens`,
    `${faultCount} faults`,
    `${rerouteCount} reroutes`,
    `${banCount} bans`,
    `${moveCount} moves`,
    `longest wait ${(report.longestWaitMs / 1000).toFixed(1)} s`,
    `${(report.virtualMs / 1000).toFixed(0)} s of virtual time`,
  ].join(', ');
}

/** Everything that is needed to look into a failed run. */
export function describeFailure(report: RunReport): string {
  return [
    summarizeRun(report),
    ...report.violations.map(({ invariant, text }) => `  broken: ${invariant}: ${text}`),
    '  the end of its trace, without tokens:',
    ...report.trace.lines(traceLinesMax, /^(?!.* token \d)/).map((line) => `  ${line}`),
    `again with: node scripts/dist/sim/main.js --from ${report.seed} --seeds 1 --trace`,
  ].join('\n');
}

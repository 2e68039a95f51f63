/**
 * `pnpm chaos`: a swarm under fire. See `chaosHelp` for what it does, docs/failover.md for what it
 * measured.
 */
import { type ChaosOptions, chaosHelp, parseChaosOptions } from './chaos-options.js';
import { describeReport, reportOf } from './report.js';
import { type ChaosRun, createRun, runChaos } from './run-chaos.js';

const options = readOptions();
const run = createRun(options);
const interruption = new AbortController();
process.on('SIGINT', () => interruption.abort());
process.on('SIGTERM', () => interruption.abort());

const status = process.stderr.isTTY ? setInterval(() => showStatus(run), 500) : null;
let error: unknown = null;
await runChaos(run, options, interruption.signal).catch((thrown: unknown) => {
  error = thrown;
});
if (status !== null) {
  clearInterval(status);
  process.stderr.write('\r\x1b[K');
}
const report = reportOf(run, options);
console.log(options.isJson ? JSON.stringify(report) : describeReport(report));
if (error !== null && !interruption.signal.aborted) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
process.exit(report.failed > 0 || report.differing > 0 ? 1 : 0);

function readOptions(): ChaosOptions {
  try {
    const options = parseChaosOptions(process.argv.slice(2));
    if (options !== null) return options;
    console.log(chaosHelp);
    process.exit(0);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error('Run with --help for the options.');
    process.exit(2);
  }
}

function showStatus({ phase, ledger, healthyCount, peerCount }: ChaosRun): void {
  const { phases, recoveries, failedCount, differingCount } = ledger;
  const done = Object.values(phases).reduce((sum, { generations }) => sum + generations, 0);
  const tokens = Object.values(phases).reduce((sum, totals) => sum + totals.tokens, 0);
  const text = [
    `${phase}: ${done} generations, ${tokens} tokens`,
    `${failedCount} failed, ${differingCount} differ`,
    `${recoveries.length} recoveries`,
    `${healthyCount} of ${peerCount} peers up`,
  ].join('   ');
  process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

import type { PeerId, Span } from '@skein/protocol';
import type { Measurements } from '../routing/measurements.js';
import { routingLimits } from '../routing/routing-limits.js';
import type { HopUsage } from './hop.js';

/** A hop that a step passed. */
export interface MeteredHop {
  readonly peer: PeerId;
  readonly span: Span;
  readonly usage: HopUsage;
  readonly roundTripMs: number | null;
}

/** What a step was, and what it told. */
export interface MeteredStep {
  readonly rows: number;
  /** From sending to the result. */
  readonly elapsedMs: number;
  /** Queue and compute of each hop in turn, microseconds: what the hops say. */
  readonly trace: readonly number[];
  /** Of one hidden row between two hops. */
  readonly rowBytes: number;
}

/**
 * Books what a step over a whole route cost at each hop. How long it took altogether is certain;
 * how it divides is the hops' word, so what they cannot explain is charged to all of them.
 */
export function meterStep(
  measurements: Measurements,
  hops: readonly MeteredHop[],
  step: MeteredStep,
): void {
  const { rows, trace } = step;
  if (trace.length !== 2 * hops.length) return;
  const chargedMs = unexplainedMs(hops, step) / blocksOf(hops);
  for (const [index, hop] of hops.entries()) {
    const queueMs = (trace[2 * index] as number) / 1000;
    const computeMs = (trace[2 * index + 1] as number) / 1000;
    if (rows === 1) {
      hop.usage.steps += 1;
      hop.usage.queueMs += queueMs;
      hop.usage.computeMs += computeMs;
    }
    const blockCount = hop.span.end - hop.span.start;
    const charged = computeMs + chargedMs * blockCount;
    measurements.addStep(hop.peer, { rows, queueMs, computeMs: charged, blockCount });
  }
  if (rows === 1) measurements.onStep({ elapsedMs: step.elapsedMs, ...phasesOf(trace) });
  meterTransfer(measurements, hops, step);
}

/**
 * Time that neither the hops' own figures nor distances account for. Between two hops it is at most
 * as far as by way of the client, so all edges together take at most all round trips. Rows of a
 * chunk need time on the wire as well, which is not known here: they are not charged.
 */
function unexplainedMs(hops: readonly MeteredHop[], step: MeteredStep): number {
  if (step.rows !== 1) return 0;
  let explainedMs = hops.length * routingLimits.hopOverheadMs + traceMs(step);
  for (const { roundTripMs } of hops) {
    if (roundTripMs === null) return 0;
    explainedMs += roundTripMs;
  }
  return Math.max(0, step.elapsedMs - explainedMs);
}

/** What a chunk took beyond compute and distance went into its bytes, on every edge between hops. */
function meterTransfer(
  measurements: Measurements,
  hops: readonly MeteredHop[],
  step: MeteredStep,
): void {
  if (step.rows < routingLimits.chunkRowsMeasuredMin || hops.length < 2) return;
  if (step.rowBytes === 0) return;
  let edgesMs = hops.length * routingLimits.hopOverheadMs;
  for (const { roundTripMs } of hops) {
    if (roundTripMs === null) return;
    // Half of it to come, half of it to go on: the mean of both distances for each edge.
    edgesMs += roundTripMs / 2;
  }
  const [first, last] = [hops[0] as MeteredHop, hops.at(-1) as MeteredHop];
  // The edges to and from the client are whole ones.
  edgesMs += ((first.roundTripMs as number) + (last.roundTripMs as number)) / 4;
  const bytes = step.rows * step.rowBytes * (hops.length - 1);
  const elapsedMs = Math.max(0, step.elapsedMs - edgesMs - traceMs(step));
  for (const { peer } of hops) measurements.addTransfer(peer, { bytes, elapsedMs });
}

/** Queue and compute of all hops together. */
function phasesOf(trace: readonly number[]): { queueMs: number; computeMs: number } {
  let [queueMs, computeMs] = [0, 0];
  for (const [index, microseconds] of trace.entries()) {
    if (index % 2 === 0) queueMs += microseconds / 1000;
    else computeMs += microseconds / 1000;
  }
  return { queueMs, computeMs };
}

function traceMs({ trace }: MeteredStep): number {
  return trace.reduce((sum, microseconds) => sum + microseconds, 0) / 1000;
}

function blocksOf(hops: readonly MeteredHop[]): number {
  return hops.reduce((sum, { span }) => sum + span.end - span.start, 0);
}

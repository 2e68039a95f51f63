import { SkeinError, toSkeinError } from '@skein/protocol';
import { type ParallelTask, runParallel } from '../batch/run-parallel.js';
import type { SkeinClient } from '../client/client.js';
import type { Scorer } from '../score/scorer.js';
import { evaluateItem } from './evaluate-item.js';
import { evaluationLimits } from './evaluation-limits.js';
import type {
  EvaluationErrorEvent,
  EvaluationEvent,
  EvaluationItem,
  EvaluationItemEvent,
  EvaluationOptions,
  EvaluationResult,
} from './evaluation-types.js';
import { EvaluationTotals } from './summarize.js';

/**
 * Measures perplexity and accuracy of a model over a data set, several items at once. The figures do
 * not depend on how many, nor on the order in which they end.
 *
 * @throws SkeinError `aborted`, `model-unknown`, `bad-argument`, and what the data set throws
 */
export async function* evaluate(
  client: SkeinClient,
  dataset: Iterable<EvaluationItem> | AsyncIterable<EvaluationItem>,
  options: EvaluationOptions,
): AsyncGenerator<EvaluationEvent, void, undefined> {
  const { concurrency = evaluationLimits.concurrencyDefault, done = [], signal, ...rest } = options;
  requireConcurrency(concurrency);
  const { hash, manifest } = await client.loadModel(options.model, signal ? { signal } : {});
  const totals = new EvaluationTotals();
  const known = new Set<number>();
  for (const result of done) {
    if (!known.has(result.index)) totals.add(result);
    known.add(result.index);
  }
  yield { type: 'start', model: hash, modelName: manifest.name };
  const idle: Scorer[] = [];
  const take = async (within: AbortSignal) => {
    const { openWaitMs } = evaluationLimits;
    const settings = {
      openWaitMs,
      firstRows: exactRows,
      priority: 'background' as const,
      ...rest,
      model: hash,
      signal: within,
    };
    return idle.pop() ?? (await client.openScorer(settings));
  };
  const work = async (task: ParallelTask<EvaluationItem, ItemEvent>) => {
    if (known.has(task.index)) return;
    const scorer = await take(task.signal);
    const outcome = await outcomeOf(scorer, task).finally(() => idle.push(scorer));
    if ('error' in outcome) totals.failures += 1;
    else totals.add(outcome);
    task.emit(
      'error' in outcome ? outcome : { type: 'item', result: outcome, summary: totals.summary },
    );
  };
  try {
    yield* runParallel(dataset, work, { concurrency, ...(signal !== undefined && { signal }) });
  } finally {
    await Promise.all(idle.map((scorer) => scorer.close()));
  }
  yield { type: 'end', summary: totals.summary };
}

type ItemEvent = EvaluationItemEvent | EvaluationErrorEvent;

/** Steps of so few rows let the next item take over what it has in common, and not compute it. */
const exactRows = 16;

/** Throws only when the whole evaluation is aborted. */
async function outcomeOf(
  scorer: Scorer,
  { item, index, signal }: ParallelTask<EvaluationItem, ItemEvent>,
): Promise<EvaluationResult | EvaluationErrorEvent> {
  try {
    return await evaluateItem(scorer, item, { index, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    const fields = item.id === undefined ? { index } : { index, id: item.id };
    return { type: 'item-error', ...fields, error: toSkeinError(error) };
  }
}

function requireConcurrency(concurrency: number): void {
  const { concurrencyMax } = evaluationLimits;
  if (Number.isInteger(concurrency) && concurrency >= 1 && concurrency <= concurrencyMax) return;
  const text = `concurrency must be a whole number from 1 to ${concurrencyMax}, got ${concurrency}`;
  throw new SkeinError('bad-argument', text);
}

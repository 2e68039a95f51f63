import { createClient, type EvaluationEvent, evaluate } from '@skein/client';
import { SkeinError, type WireType } from '@skein/protocol';
import { checkDataset, readDataset } from '../evaluation/dataset.js';
import { openProgress, type ProgressFile } from '../evaluation/progress-file.js';
import { describeSummary, showBar } from '../evaluation/show-evaluation.js';
import { interruption } from '../interruption.js';
import { createOutput, type Output, painter } from '../output.js';
import { findModel, given } from './generate.js';

export interface EvaluateOptions {
  readonly json: boolean;
  readonly model?: string;
  readonly bootstrap: readonly string[];
  readonly concurrency?: number;
  readonly limit?: number;
  readonly progress?: string;
  readonly wireType?: WireType;
}

/** `skein evaluate`: perplexity and accuracy over a JSONL file. */
export async function runEvaluate(path: string, options: EvaluateOptions): Promise<void> {
  const output = createOutput(options);
  const signal = interruption();
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  // Before anything is computed: a bad line at the end should not cost hours.
  const dataset = await checkDataset(path, { limit, signal });
  const client = createClient({ bootstrap: options.bootstrap });
  let progress: ProgressFile | null = null;
  try {
    await client.start();
    const model = await findModel(client, options.model);
    const { hash } = await client.loadModel(model, { signal });
    progress = await openProgress(options.progress, { model: hash, dataset: dataset.digest });
    const { results } = progress;
    const done = results.filter(({ index }) => index < dataset.items);
    output.event({ event: 'start', items: dataset.items, done: done.length, model: hash });
    const lines = readDataset(path, { limit, signal });
    const events = evaluate(client, lines, {
      model: hash,
      done,
      ...given({ concurrency: options.concurrency, wireType: options.wireType }),
      signal,
    });
    const startedAtMs = performance.now();
    const run = { total: dataset.items, before: done.length, startedAtMs };
    for await (const event of events) {
      if (event.type === 'item') await progress.append(event.result);
      showEvent(event, output);
      if (event.type === 'item') showBar(output, event.summary, run);
    }
  } catch (error) {
    if (signal.aborted) throw interrupted(options.progress, error);
    throw error;
  } finally {
    await progress?.close();
    await client.stop();
  }
}

function showEvent(event: EvaluationEvent, output: Output): void {
  const paint = painter(output.decorated);
  switch (event.type) {
    case 'start':
      output.say(paint.dim(`model  ${event.modelName}  ${event.model.slice(0, 12)}…`));
      return;
    case 'item':
      output.event({ event: 'item', ...event.result });
      return;
    case 'item-error': {
      const { index, id, error } = event;
      const { code, message } = error;
      output.event({ event: 'failure', index, ...given({ id }), code, message });
      output.say(paint.yellow(`item ${index + 1}: ${message}`));
      return;
    }
    case 'end':
      output.event({ event: 'end', ...event.summary });
      output.result(describeSummary(event.summary));
      if (event.summary.failures > 0) {
        output.say(paint.yellow(`${event.summary.failures} items failed and do not count.`));
      }
  }
}

function interrupted(path: string | undefined, cause: unknown): SkeinError {
  const text =
    path === undefined
      ? 'Interrupted. With --progress <file> a later run goes on where this one ended.'
      : `Interrupted. The results so far are in ${path}: the same command goes on from there.`;
  return new SkeinError('aborted', text, { cause });
}

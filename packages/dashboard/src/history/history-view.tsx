import 'uplot/dist/uPlot.min.css';
import { useSignal } from '@preact/signals';
import type { HistoryAnswer, HistoryRange, historyResolutionMs } from '@skein/protocol/http-api';
import { useEffect } from 'preact/hooks';
import { fetchHistory, type Outcome } from '../state/api.js';
import { models } from '../state/swarm.js';
import { Chart } from './chart.js';
import { chartSpecs } from './chart-specs.js';

/** How often each range is asked for anew: with every new point. */
const refreshMs: typeof historyResolutionMs = { hour: 10_000, day: 120_000, week: 900_000 };

const rangeNames: Readonly<Record<HistoryRange, string>> = {
  hour: 'An hour',
  day: 'A day',
  week: 'A week',
};

/** What was: throughput, coverage, reroutes and latencies, per model or together. */
export function HistoryView() {
  const range = useSignal<HistoryRange>('hour');
  const model = useSignal('');
  const outcome = useSignal<Outcome<HistoryAnswer> | null>(null);
  useEffect(() => {
    const leave = new AbortController();
    let timer: ReturnType<typeof setTimeout> | null = null;
    const ask = async () => {
      const next = await fetchHistory(model.value, range.value, leave.signal);
      if (leave.signal.aborted) return;
      outcome.value = next;
      timer = setTimeout(() => void ask(), refreshMs[range.value]);
    };
    void ask();
    return () => {
      leave.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [range.value, model.value, outcome]);
  const known = outcome.value;
  return (
    <section aria-labelledby="history-title">
      <div class="section-head">
        <h2 id="history-title">What was</h2>
        <form class="tools" onSubmit={(event) => event.preventDefault()}>
          <fieldset class="choices">
            <legend class="unseen">How far back</legend>
            {(Object.keys(rangeNames) as HistoryRange[]).map((name) => (
              <label key={name}>
                <input
                  class="unseen"
                  type="radio"
                  name="range"
                  checked={range.value === name}
                  onChange={() => {
                    range.value = name;
                  }}
                />
                {rangeNames[name]}
              </label>
            ))}
          </fieldset>
          <label class="pick">
            <span class="label">Model</span>
            <select
              class="field"
              value={model.value}
              onChange={(event) => {
                model.value = event.currentTarget.value;
              }}
            >
              <option value="">all together</option>
              {models.value.map(({ hash, name }) => (
                <option key={hash} value={hash}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        </form>
      </div>
      {known?.kind === 'failure' && <p class="empty">{known.text}</p>}
      {known?.kind === 'answer' && (
        <div class="charts">
          {chartSpecs.map((spec) => (
            <Chart key={`${spec.title}${range.value}`} spec={spec} answer={known.answer} />
          ))}
        </div>
      )}
    </section>
  );
}

import { count, rate, sentence } from '@skein/look';
import type { Health, SwarmHead } from '@skein/protocol/http-api';
import { connection } from '../state/live.js';
import { chosenModel, head, model, models } from '../state/swarm.js';

/** How the swarm is, in words, and what it does now. */
export function Headline({ isWhole }: { readonly isWhole: boolean }) {
  const told = head.value;
  if (told === null) {
    return (
      <section class="headline" aria-busy="true">
        <h1>{connection.value === 'lost' ? 'No node answers' : 'Looking for the swarm'}</h1>
        <p class="lead">
          {connection.value === 'lost'
            ? 'The server of this page is gone. It is asked again every few seconds.'
            : 'The first look around takes a moment.'}
        </p>
      </section>
    );
  }
  return (
    <section class={isWhole ? 'headline' : 'headline small'}>
      <HealthWord health={told.health} />
      <h1>{headlineText(told.headline, models.value)}</h1>
      {isWhole && <Figures told={told} />}
      {connection.value === 'lost' && (
        <p class="stale" role="status">
          The server does not answer. This is what it said last.
        </p>
      )}
    </section>
  );
}

const words: Readonly<Record<Health, string>> = {
  healthy: 'Healthy',
  degraded: 'Degraded',
  broken: 'Broken',
};

/** Health as a word and a sign: geese in order, one astray, or the thread torn. */
function HealthWord({ health }: { readonly health: Health }) {
  const signs: Readonly<Record<Health, string>> = {
    healthy: 'M3 13 9 5l6 8',
    degraded: 'M3 13 9 5M12 9.5l3 6',
    broken: 'M3 13l3.2-4.2M8 6.3 9 5M11.2 8l3.8 5M4.5 4.5l9 9',
  };
  return (
    <p class={`health ${health}`}>
      <svg viewBox="0 0 18 18" width="18" height="18" fill="none" aria-hidden="true">
        <path
          d={signs[health]}
          stroke="currentColor"
          stroke-width="2.2"
          stroke-linecap="round"
          stroke-linejoin="round"
        />
      </svg>
      {words[health]}
    </p>
  );
}

function Figures({ told }: { readonly told: SwarmHead }) {
  const { serving, joining, draining, lost } = told.peers;
  const others = [
    joining > 0 && `${joining} joining`,
    draining > 0 && `${draining} leaving`,
    lost > 0 && `${lost} lost`,
  ].filter((text) => text !== false);
  return (
    <dl class="figures">
      <Figure name="tokens a second" value={rate(told.tokensPerSecond)} />
      <Figure name={told.sessions === 1 ? 'session' : 'sessions'} value={count(told.sessions)} />
      <Figure
        name={serving === 1 ? 'peer serves' : 'peers serve'}
        value={count(serving)}
        note={others.join(', ')}
      />
      <Figure name={told.models === 1 ? 'model' : 'models'} value={count(told.models)} />
    </dl>
  );
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}

function Figure({ name, value, note }: FigureProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== undefined && note !== '' && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

/** Chooses the model that a view is about; nothing where there is but one. */
export function ModelPicker() {
  const all = models.value;
  if (all.length < 2) return null;
  return (
    <label class="pick">
      <span class="label">Model</span>
      <select
        class="field"
        value={model.value?.hash}
        onChange={(event) => {
          chosenModel.value = event.currentTarget.value;
        }}
      >
        {all.map(({ hash, name, health }) => (
          <option key={hash} value={hash}>
            {health === 'healthy' ? name : `${name} (${health})`}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A model's name at the beginning stays as it is. */
function headlineText(text: string, known: readonly { readonly name: string }[]): string {
  const isName = known.some(({ name }) => text.startsWith(name));
  return isName ? `${text.charAt(0)}${sentence(`x${text.slice(1)}`).slice(1)}` : sentence(text);
}

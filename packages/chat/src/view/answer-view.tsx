import { CopyButton, duration, Icon, rate } from '@skein/look';
import { memo } from 'preact/compat';
import type { Answer } from '../conversations/conversation.js';
import { Markdown } from '../markdown/markdown.js';
import { answerAgain } from '../state/answering.js';

interface AnswerProps {
  readonly answer: Answer;
  readonly isLast: boolean;
  readonly isBusy: boolean;
}

/** What the model wrote, how fast, and what happened on the way. */
export const AnswerView = memo(function AnswerView({ answer, isLast, isBusy }: AnswerProps) {
  const { text, state, failure, reroutes } = answer;
  const isRunning = state === 'running';
  return (
    <li class={isRunning ? 'answer running' : 'answer'} aria-busy={isRunning}>
      <h2 class="unseen">{answer.model}</h2>
      {text !== '' && <Markdown text={text} />}
      {isRunning && text === '' && <Waiting />}
      {reroutes.length > 0 && (
        <ul class="reroutes">
          {reroutes.map((reroute, index) => (
            <li key={index}>{reroute.text}</li>
          ))}
        </ul>
      )}
      {failure !== null && (
        <div class="failure" role="alert">
          <h3>{failure.title}</h3>
          <p>{failure.advice}</p>
        </div>
      )}
      {!isRunning && (
        <div class="under">
          {isLast && (
            <button type="button" class="button plain" disabled={isBusy} onClick={answerAgain}>
              <Icon name="again" />
              {failure === null ? 'Another answer' : 'Try again'}
            </button>
          )}
          {text !== '' && <CopyButton text={text} label="Copy the answer" />}
          <p class="note">{summary(answer)}</p>
        </div>
      )}
    </li>
  );
});

function Waiting() {
  return (
    <p class="waiting" aria-hidden="true">
      <span />
      <span />
      <span />
    </p>
  );
}

function summary({ state, model, firstTokenMs, tokensPerSecond }: Answer): string {
  const facts = [model];
  if (state === 'stopped') facts.push('stopped');
  if (state === 'cut') facts.push('at the limit of tokens');
  if (tokensPerSecond !== null) facts.push(`${rate(tokensPerSecond)} tokens/s`);
  if (firstTokenMs !== null) facts.push(`first after ${duration(firstTokenMs)}`);
  return facts.join(' · ');
}

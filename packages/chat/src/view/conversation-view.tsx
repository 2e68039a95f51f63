import { Icon } from '@skein/look';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Message } from '../conversations/conversation.js';
import { isAnswering } from '../state/answering.js';
import { current, currentId } from '../state/conversations.js';
import { models, modelsFailure, refreshModels } from '../state/models.js';
import { AnswerView } from './answer-view.js';
import { Flight } from './flight.js';
import { QuestionView } from './question-view.js';

/** What was said, with the newest in sight as long as the reader is at the end. */
export function ConversationView() {
  const frame = useRef<HTMLElement>(null);
  const isAtEnd = useRef(true);
  const messages = current.value?.messages ?? [];
  useLayoutEffect(() => {
    isAtEnd.current = true;
  }, [currentId.value, messages.length]);
  useLayoutEffect(() => {
    const element = frame.current;
    if (element !== null && isAtEnd.current) element.scrollTop = element.scrollHeight;
  });
  const onScroll = () => {
    const element = frame.current;
    if (element === null) return;
    isAtEnd.current = element.scrollHeight - element.scrollTop - element.clientHeight < 48;
  };
  return (
    <section
      class="conversation"
      ref={frame}
      onScroll={onScroll}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keyboard as well.
      tabIndex={0}
      aria-label="Conversation"
    >
      {messages.length === 0 ? <Beginning /> : <Said messages={messages} />}
    </section>
  );
}

function Said({ messages }: { readonly messages: readonly Message[] }) {
  const isBusy = isAnswering(currentId.value);
  return (
    <ol class="messages">
      {messages.map((message, index) =>
        message.role === 'user' ? (
          <QuestionView key={index} message={message} index={index} isBusy={isBusy} />
        ) : (
          <AnswerView
            key={index}
            answer={message}
            isLast={index === messages.length - 1}
            isBusy={isBusy}
          />
        ),
      )}
    </ol>
  );
}

/** Before the first question. */
function Beginning() {
  const failure = modelsFailure.value;
  return (
    <div class="beginning">
      <Flight />
      {failure !== null && failure.code !== 'invalid_api_key' ? (
        <div class="failure" role="alert">
          <h2>{failure.title}</h2>
          <p>{failure.advice}</p>
          <button type="button" class="button" onClick={() => void refreshModels()}>
            <Icon name="again" />
            Try again
          </button>
        </div>
      ) : (
        <>
          <h2>Ask the swarm</h2>
          <p>{welcome(models.value)}</p>
        </>
      )}
    </div>
  );
}

function welcome(names: readonly string[] | null): string {
  if (names === null) return 'Looking who is there…';
  if (names.length === 0) return 'No peer hosts a model yet. As soon as one does, you can ask it.';
  return 'Your question goes from peer to peer, block by block. The thread below shows its way.';
}

import { useSignal } from '@preact/signals';
import { Icon } from '@skein/look';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { askQuestion, isAnswering, stopAnswer } from '../state/answering.js';
import { currentId } from '../state/conversations.js';
import { settings } from '../state/settings.js';
import { RouteThread } from './route-thread.js';

/** Where a person writes. Above it lies the thread: the way of the newest answer. */
export function Composer() {
  const text = useSignal('');
  const area = useRef<HTMLTextAreaElement>(null);
  const isBusy = isAnswering(currentId.value);
  const canSend = text.value.trim() !== '' && settings.value.model !== '' && !isBusy;
  useLayoutEffect(() => {
    const element = area.current;
    if (element === null) return;
    // As high as its text: shrunk first, since it only tells what it needs at least.
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
  }, [text.value]);
  const send = () => {
    if (!canSend) return;
    askQuestion(text.value.trim());
    text.value = '';
  };
  return (
    <footer class="composer">
      <RouteThread />
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <label class="unseen" for="question">
          Your question
        </label>
        <textarea
          ref={area}
          id="question"
          rows={1}
          placeholder="Ask something"
          autofocus
          value={text.value}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            send();
          }}
        />
        {isBusy ? (
          <button
            type="button"
            class="button square round"
            aria-label="Stop"
            title="Stop (Esc)"
            onClick={() => stopAnswer(currentId.value)}
          >
            <Icon name="stop" />
          </button>
        ) : (
          <button
            type="submit"
            class="button main square round"
            aria-label="Ask"
            title="Ask (Enter)"
            disabled={!canSend}
          >
            <Icon name="send" />
          </button>
        )}
      </form>
      <p class="note keys">
        <kbd>Enter</kbd> asks, <kbd>Shift Enter</kbd> begins a line, <kbd>Esc</kbd> stops
      </p>
    </footer>
  );
}

import { useSignal } from '@preact/signals';
import { Icon } from '@skein/look';
import { useEffect, useRef } from 'preact/hooks';
import type { UserMessage } from '../conversations/conversation.js';
import { askQuestion } from '../state/answering.js';

interface QuestionProps {
  readonly message: UserMessage;
  readonly index: number;
  readonly isBusy: boolean;
}

/** What a person wrote. It can be edited: then what follows it is asked anew. */
export function QuestionView({ message, index, isBusy }: QuestionProps) {
  const isEdited = useSignal(false);
  const close = () => {
    isEdited.value = false;
  };
  return (
    <li class="question">
      <h2 class="unseen">You</h2>
      {isEdited.value ? (
        <Editor
          text={message.text}
          onCancel={close}
          onDone={(text) => {
            close();
            askQuestion(text, index);
          }}
        />
      ) : (
        <>
          <p class="plain">{message.text}</p>
          <button
            type="button"
            class="button plain square"
            aria-label="Edit this question"
            title="Edit: what follows is asked anew"
            disabled={isBusy}
            onClick={() => {
              isEdited.value = true;
            }}
          >
            <Icon name="edit" />
          </button>
        </>
      )}
    </li>
  );
}

interface EditorProps {
  readonly text: string;
  readonly onCancel: () => void;
  readonly onDone: (text: string) => void;
}

function Editor({ text, onCancel, onDone }: EditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    area.current?.focus();
    area.current?.setSelectionRange(text.length, text.length);
  }, [text]);
  const send = () => {
    const changed = area.current?.value.trim() ?? '';
    if (changed !== '') onDone(changed);
  };
  return (
    <form
      class="editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        ref={area}
        class="field"
        rows={3}
        aria-label="Your question"
        defaultValue={text}
        onKeyDown={(event) => {
          event.stopPropagation();
          if (event.key === 'Escape') onCancel();
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div class="row">
        <button type="button" class="button plain" onClick={onCancel}>
          Cancel
        </button>
        <button type="submit" class="button main">
          Ask again
        </button>
      </div>
    </form>
  );
}

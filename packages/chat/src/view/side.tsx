import type { Signal } from '@preact/signals';
import { Icon, Mark, plural, ThemeSwitch } from '@skein/look';
import type { Conversation } from '../conversations/conversation.js';
import { isAnswering, stopAnswer } from '../state/answering.js';
import {
  conversations,
  currentId,
  removeConversation,
  unkeptCount,
} from '../state/conversations.js';
import { dashboardPath } from '../state/dashboard.js';

/** All conversations. On a narrow screen it lies over the page while it is open. */
export function Side({ isOpen }: { readonly isOpen: Signal<boolean> }) {
  const close = () => {
    isOpen.value = false;
  };
  const show = (id: string | null) => {
    currentId.value = id;
    close();
    document.getElementById('question')?.focus();
  };
  return (
    <>
      <div class="veil" hidden={!isOpen.value} onClick={close} aria-hidden="true" />
      <nav class={isOpen.value ? 'side open' : 'side'} aria-label="Conversations">
        <div class="brand">
          <Mark />
          <h1>Skein</h1>
          <button
            type="button"
            class="button plain square close"
            aria-label="Close"
            onClick={close}
          >
            <Icon name="close" />
          </button>
        </div>
        <button type="button" class="button new" onClick={() => show(null)}>
          <Icon name="add" />
          New conversation
        </button>
        <ul class="conversations">
          {conversations.value.map((conversation) => (
            <Entry key={conversation.id} conversation={conversation} onShow={show} />
          ))}
        </ul>
        <div class="foot">
          {unkeptCount.value > 0 && (
            <p class="note">
              {plural(unkeptCount.value, 'old conversation')} will be gone when this page closes:
              this device has no more room.
            </p>
          )}
          {dashboardPath.value !== null && (
            <a class="swarm" href={dashboardPath.value}>
              The swarm that answers
              <Icon name="open" />
            </a>
          )}
          <p class="note">Kept in this browser only. Peers see what passes through them.</p>
          <ThemeSwitch />
        </div>
      </nav>
    </>
  );
}

interface EntryProps {
  readonly conversation: Conversation;
  readonly onShow: (id: string) => void;
}

function Entry({ conversation: { id, title }, onShow }: EntryProps) {
  const isCurrent = currentId.value === id;
  const remove = () => {
    stopAnswer(id);
    removeConversation(id);
  };
  return (
    <li class={isCurrent ? 'current' : undefined}>
      <button
        type="button"
        class="title"
        aria-current={isCurrent ? 'page' : undefined}
        onClick={() => onShow(id)}
      >
        {isAnswering(id) && <span class="knot" aria-hidden="true" />}
        <span>{title}</span>
        {isAnswering(id) && <span class="unseen">, being answered</span>}
      </button>
      <button
        type="button"
        class="button plain square remove"
        aria-label={`Delete “${title}”`}
        title="Delete"
        onClick={remove}
      >
        <Icon name="remove" />
      </button>
    </li>
  );
}

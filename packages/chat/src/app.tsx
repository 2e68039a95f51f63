import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { announcement, stopAnswer } from './state/answering.js';
import { currentId } from './state/conversations.js';
import { needsKey } from './state/models.js';
import { Composer } from './view/composer.js';
import { ConversationView } from './view/conversation-view.js';
import { Header } from './view/header.js';
import { KeyDialog } from './view/key-dialog.js';
import { SettingsDialog } from './view/settings-dialog.js';
import { Side } from './view/side.js';

/** The whole page. */
export function App() {
  const isSideOpen = useSignal(false);
  const isSettingsOpen = useSignal(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      // Dialogs have the Escape key for themselves.
      if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) {
        if (isSideOpen.value) isSideOpen.value = false;
        else stopAnswer(currentId.value);
      }
      const isTyping =
        event.target instanceof HTMLElement && event.target.matches('input,textarea,select');
      if (event.key === '/' && !isTyping) {
        event.preventDefault();
        document.getElementById('question')?.focus();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, [isSideOpen]);
  return (
    <div class="app">
      <Side isOpen={isSideOpen} />
      <main>
        <Header
          onMenu={() => {
            isSideOpen.value = true;
          }}
          onSettings={() => {
            isSettingsOpen.value = true;
          }}
        />
        <ConversationView />
        <Composer />
      </main>
      <SettingsDialog isOpen={isSettingsOpen} />
      {needsKey.value && <KeyDialog />}
      <p class="unseen" role="status">
        {announcement.value}
      </p>
    </div>
  );
}

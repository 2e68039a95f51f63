import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { modelsFailure, needsKey, refreshModels } from '../state/models.js';
import { apiKey, changeKey } from '../state/settings.js';

/** Asks for an API key, until the gateway takes it or the person gives up. */
export function KeyDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const key = useSignal('');
  const isRemembered = useSignal(false);
  useEffect(() => dialog.current?.showModal(), []);
  const hasFailed = apiKey.value !== '' && modelsFailure.value !== null;
  const send = () => {
    changeKey(key.value.trim(), { isRemembered: isRemembered.value });
    void refreshModels();
  };
  return (
    <dialog
      ref={dialog}
      class="question-dialog"
      aria-labelledby="key-title"
      onClose={() => {
        needsKey.value = false;
      }}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <h2 id="key-title">This gateway wants a key</h2>
        <p class="note">
          Whoever runs it can give you one. It goes to this gateway and nowhere else.
        </p>
        <div>
          <label class="label" for="key">
            API key
          </label>
          <input
            id="key"
            class="field"
            type="password"
            autocomplete="off"
            required
            aria-invalid={hasFailed}
            aria-describedby="key-failure"
            value={key.value}
            onInput={(event) => {
              key.value = event.currentTarget.value;
            }}
          />
          <p id="key-failure" class="wrong" role="alert">
            {hasFailed ? 'The gateway does not know this key.' : ''}
          </p>
        </div>
        <label class="check">
          <input
            type="checkbox"
            checked={isRemembered.value}
            onChange={(event) => {
              isRemembered.value = event.currentTarget.checked;
            }}
          />
          Remember it on this device
        </label>
        <div class="row">
          <button type="button" class="button plain" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button main">
            Go on
          </button>
        </div>
      </form>
    </dialog>
  );
}

import type { Signal } from '@preact/signals';
import { Icon } from '@skein/look';
import { useEffect, useRef } from 'preact/hooks';
import { needsKey } from '../state/models.js';
import { apiKey, changeKey, changeSettings, settings } from '../state/settings.js';

/** How new answers are made. Changes count at once. */
export function SettingsDialog({ isOpen }: { readonly isOpen: Signal<boolean> }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (isOpen.value) dialog.current?.showModal();
    else dialog.current?.close();
  }, [isOpen.value]);
  const close = () => {
    isOpen.value = false;
  };
  return (
    <dialog
      ref={dialog}
      class="sheet"
      aria-labelledby="settings-title"
      onClose={close}
      // A click beside it closes it as well.
      {...{ closedby: 'any' }}
    >
      <div class="sheet-content">
        <header>
          <h2 id="settings-title">Settings</h2>
          <button type="button" class="button plain square" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <SystemPrompt />
        <NumberField
          name="temperature"
          label="Temperature"
          note="0 takes the likeliest word each time."
          range={{ min: 0, max: 2, step: 0.1 }}
        />
        <NumberField
          name="topP"
          label="Top-p"
          note="Words beyond this sum of likelihood are left out."
          range={{ min: 0, max: 1, step: 0.05 }}
        />
        <NumberField
          name="maxTokens"
          label="Tokens at most"
          note="Empty: what fits the model."
          range={{ min: 1, step: 1 }}
        />
        <NumberField
          name="seed"
          label="Seed"
          note="The same seed gives the same answer."
          range={{ min: 0, step: 1 }}
        />
        {apiKey.value !== '' && <OwnKey onChange={close} />}
      </div>
    </dialog>
  );
}

/** The key that is in use: another one can be entered, or this one forgotten. */
function OwnKey({ onChange }: { readonly onChange: () => void }) {
  const enter = () => {
    onChange();
    needsKey.value = true;
  };
  return (
    <div>
      <span class="label">API key</span>
      <div class="row">
        <button type="button" class="button" onClick={enter}>
          Enter another
        </button>
        <button
          type="button"
          class="button plain"
          onClick={() => changeKey('', { isRemembered: false })}
        >
          Forget it
        </button>
      </div>
    </div>
  );
}

function SystemPrompt() {
  return (
    <div>
      <label class="label" for="system">
        System prompt
      </label>
      <textarea
        id="system"
        class="field"
        rows={4}
        placeholder="What the model should always know"
        value={settings.value.system}
        onInput={(event) => changeSettings({ system: event.currentTarget.value })}
      />
    </div>
  );
}

interface NumberFieldProps {
  readonly name: 'temperature' | 'topP' | 'maxTokens' | 'seed';
  readonly label: string;
  readonly note: string;
  readonly range: { readonly min: number; readonly max?: number; readonly step: number };
}

/** Empty is the gateway's own choice. */
function NumberField({ name, label, note, range }: NumberFieldProps) {
  const value = settings.value[name];
  const noteId = `${name}-note`;
  return (
    <div class="number">
      <label class="label" for={name}>
        {label}
      </label>
      <input
        id={name}
        class="field"
        type="number"
        inputMode="decimal"
        placeholder="default"
        aria-describedby={noteId}
        {...range}
        value={value ?? ''}
        onChange={(event) => {
          const { valueAsNumber, validity } = event.currentTarget;
          const isNumber = Number.isFinite(valueAsNumber) && validity.valid;
          changeSettings({ [name]: isNumber ? valueAsNumber : null });
        }}
      />
      <p class="note" id={noteId}>
        {note}
      </p>
    </div>
  );
}

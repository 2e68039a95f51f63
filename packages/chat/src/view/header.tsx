import { Icon } from '@skein/look';
import { models } from '../state/models.js';
import { changeSettings, settings } from '../state/settings.js';

interface HeaderProps {
  readonly onMenu: () => void;
  readonly onSettings: () => void;
}

/** Which model answers, and the way to everything else. */
export function Header({ onMenu, onSettings }: HeaderProps) {
  const names = models.value ?? [];
  const { model } = settings.value;
  return (
    <header class="head">
      <button
        type="button"
        class="button plain square menu"
        aria-label="Conversations"
        title="Conversations"
        onClick={onMenu}
      >
        <Icon name="menu" />
      </button>
      <label class="unseen" for="model">
        Model
      </label>
      <select
        id="model"
        class="field model"
        value={model}
        disabled={names.length === 0}
        onChange={(event) => changeSettings({ model: event.currentTarget.value })}
      >
        {names.length === 0 && <option value="">No model</option>}
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button plain settings"
        aria-label="Settings"
        onClick={onSettings}
      >
        <Icon name="settings" />
        <span>Settings</span>
      </button>
    </header>
  );
}

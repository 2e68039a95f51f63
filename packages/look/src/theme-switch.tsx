import { Icon } from './icon.js';
import { type ThemeChoice, themeChoice } from './theme.js';

const choices: readonly (readonly [ThemeChoice, string])[] = [
  ['system', 'As the machine'],
  ['light', 'Light'],
  ['dark', 'Dark'],
];

/** Light, dark, or as the machine prefers. */
export function ThemeSwitch() {
  return (
    <fieldset class="theme-switch">
      <legend class="unseen">Colours</legend>
      {choices.map(([choice, title]) => (
        <label key={choice} title={title}>
          <input
            class="unseen"
            type="radio"
            name="theme"
            checked={themeChoice.value === choice}
            onChange={() => {
              themeChoice.value = choice;
            }}
          />
          <span class="unseen">{title}</span>
          <Icon name={choice} />
        </label>
      ))}
    </fieldset>
  );
}

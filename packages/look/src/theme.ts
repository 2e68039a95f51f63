import { effect, signal } from '@preact/signals';

/** What a person may choose: `system` follows the machine. */
export type ThemeChoice = 'system' | 'light' | 'dark';

const storageKey = 'skein-theme';

const systemTheme = signal<'light' | 'dark'>('light');

/** What was chosen, kept on this device. */
export const themeChoice = signal<ThemeChoice>(readChoice());

/** What is shown: changes when the choice or the machine's preference does. */
export const theme = signal<'light' | 'dark'>('light');

/** Shows the chosen theme from now on. Call it once, before anything is drawn. */
export function startTheme(): void {
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => {
    systemTheme.value = prefersDark.matches ? 'dark' : 'light';
  };
  follow();
  prefersDark.addEventListener('change', follow);
  effect(() => {
    const choice = themeChoice.value;
    theme.value = choice === 'system' ? systemTheme.value : choice;
    document.documentElement.dataset.theme = theme.value;
    keepChoice(choice);
  });
}

function readChoice(): ThemeChoice {
  try {
    const stored = localStorage.getItem(storageKey);
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    // Storage may be forbidden: then the choice lasts as long as the page.
    return 'system';
  }
}

function keepChoice(choice: ThemeChoice): void {
  try {
    if (choice === 'system') localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, choice);
  } catch {
    // See above.
  }
}

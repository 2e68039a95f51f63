/**
 * @module @skein/look
 *
 * One visual language for the chat page and the dashboard.
 *
 * ```tsx
 * import '@skein/look/look.css';
 * import { Mark, startTheme, ThemeSwitch } from '@skein/look';
 *
 * startTheme();
 * render(<header><Mark /><ThemeSwitch /></header>, document.body);
 * ```
 */
export { CopyButton } from './copy-button.js';
export { Icon, type IconName } from './icon.js';
export { Mark } from './mark.js';
export { startTheme, type ThemeChoice, theme, themeChoice } from './theme.js';
export { ThemeSwitch } from './theme-switch.js';
export { withTimeLimit } from './with-time-limit.js';
export { blocks, bytes, count, duration, plural, rate, sentence } from './words.js';

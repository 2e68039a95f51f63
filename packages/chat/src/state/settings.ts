import { effect, signal } from '@preact/signals';
import type { Parameters } from '../api/gateway.js';

/** How new answers are made. */
export interface Settings extends Parameters {
  /** The last one chosen. */
  readonly model: string;
  readonly system: string;
}

const settingsKey = 'skein-chat-settings';
const apiKeyName = 'skein-api-key';

const defaults: Settings = {
  model: '',
  system: '',
  temperature: null,
  topP: null,
  maxTokens: null,
  seed: null,
};

/** Kept on this device. */
export const settings = signal<Settings>(readSettings());

/** Empty: none. Kept until the window closes, or on this device where a person said so. */
export const apiKey = signal(readKey());

effect(() => keep(localStorage, settingsKey, JSON.stringify(settings.value)));

export function changeSettings(change: Partial<Settings>): void {
  settings.value = { ...settings.value, ...change };
}

/** Takes another key; an empty one is forgotten. */
export function changeKey(key: string, options: { readonly isRemembered: boolean }): void {
  apiKey.value = key;
  keep(sessionStorage, apiKeyName, key);
  keep(localStorage, apiKeyName, options.isRemembered ? key : '');
}

function readSettings(): Settings {
  try {
    const stored = JSON.parse(localStorage.getItem(settingsKey) ?? '{}') as Partial<Settings>;
    const number = (value: unknown) => (typeof value === 'number' ? value : null);
    return {
      model: typeof stored.model === 'string' ? stored.model : '',
      system: typeof stored.system === 'string' ? stored.system : '',
      temperature: number(stored.temperature),
      topP: number(stored.topP),
      maxTokens: number(stored.maxTokens),
      seed: number(stored.seed),
    };
  } catch {
    // Storage may be forbidden, or its content somebody else's.
    return defaults;
  }
}

function readKey(): string {
  try {
    return sessionStorage.getItem(apiKeyName) ?? localStorage.getItem(apiKeyName) ?? '';
  } catch {
    return '';
  }
}

function keep(storage: Storage, name: string, value: string): void {
  try {
    if (value === '') storage.removeItem(name);
    else storage.setItem(name, value);
  } catch {
    // Then it lasts as long as the page.
  }
}

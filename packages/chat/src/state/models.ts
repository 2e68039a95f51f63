import { signal } from '@preact/signals';
import { describeBreak, type Failure } from '../api/failure.js';
import { fetchModels } from '../api/gateway.js';
import { apiKey, changeSettings, settings } from './settings.js';

/** What can be asked; null until the gateway has said so. */
export const models = signal<readonly string[] | null>(null);

/** Why there are none. */
export const modelsFailure = signal<Failure | null>(null);

/** The gateway wants a key, or another one. */
export const needsKey = signal(false);

/** Asks the gateway what it serves, and keeps to a model that it has. */
export async function refreshModels(): Promise<void> {
  try {
    const names = await fetchModels({ key: apiKey.value });
    models.value = names;
    modelsFailure.value = null;
    needsKey.value = false;
    const [first = ''] = names;
    if (!names.includes(settings.value.model)) changeSettings({ model: first });
  } catch (error) {
    const failure = describeBreak(error);
    needsKey.value = failure.code === 'invalid_api_key';
    modelsFailure.value = failure;
  }
}

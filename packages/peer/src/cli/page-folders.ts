import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the chat page was built; null when it was not. */
export function chatPageFolder(): string | null {
  return builtFolder(import.meta.resolve('@skein/chat/index.html'));
}

/** Where the page of a swarm's health was built; null when it was not. */
export function dashboardPageFolder(): string | null {
  return builtFolder(import.meta.resolve('@skein/dashboard/index.html'));
}

function builtFolder(index: string): string | null {
  return existsSync(new URL(index)) ? fileURLToPath(new URL('.', index)) : null;
}

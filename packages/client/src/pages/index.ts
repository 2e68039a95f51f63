/**
 * Serves built web pages from memory, for any server that speaks the Fetch API.
 *
 * ```ts
 * import { loadPages } from '@skein/client/pages';
 *
 * const pages = await loadPages([{ at: '/', directory: 'packages/chat/dist' }]);
 * const response = pages.answer(new Request('http://localhost/'));
 * ```
 */
export { loadPages, type PageFolder } from './load-pages.js';
export { pageLimits } from './page-limits.js';
export type { Pages } from './pages.js';

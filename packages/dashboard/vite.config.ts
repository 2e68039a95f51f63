import { defineConfig } from 'vite';

export default defineConfig({
  // Relative, so that the page works under any path.
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2023',
    modulePreload: { polyfill: false },
    // A page that asks nobody else, and whose policy allows no inline data but images.
    assetsInlineLimit: 0,
  },
});

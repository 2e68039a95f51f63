import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // By itself it would leave one core idle, which on a small machine is half of it.
    maxWorkers: '100%',
    // Whole-swarm tests start processes of their own and run after the unit tests, one by one.
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts', 'scripts/**/*.test.ts'],
          setupFiles: ['test/support/property-seed.ts'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'swarm',
          include: ['test/**/*.test.ts'],
          exclude: ['test/sim/**', '**/node_modules/**'],
          testTimeout: 180_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          // Each file has a process of its own: a run replaces the platform's source of random ids.
          name: 'sim',
          include: ['test/sim/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
        },
      },
    ],
  },
});

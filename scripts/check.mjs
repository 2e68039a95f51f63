// Checks everything: format and lint, types, dead code, dependency direction, tests.
// Plain JavaScript, so that it can build the TypeScript.
import { spawnSync } from 'node:child_process';

const steps = [
  ['Types and build', 'tsc', ['-b']],
  ['Web pages', 'node', ['scripts/build-pages.mjs']],
  ['Format and lint', 'biome', ['check', '--error-on-warnings', '.']],
  ['Promises and dependency direction', 'eslint', ['.', '--max-warnings', '0']],
  ['Dead code', 'knip', ['--no-progress', '--treat-config-hints-as-errors']],
  ['Unit tests', 'vitest', ['run', '--project', 'unit']],
  ['Simulator', 'vitest', ['run', '--project', 'sim']],
  ['Swarm tests', 'vitest', ['run', '--project', 'swarm']],
];

const only = process.argv[2];
for (const [title, command, parameters] of steps) {
  if (only !== undefined && !title.toLowerCase().startsWith(only.toLowerCase())) continue;
  const start = performance.now();
  console.log(`\n▸ ${title}: ${command} ${parameters.join(' ')}`);
  // The package manager puts node_modules/.bin on PATH; on Windows the commands are .cmd files.
  const { status, error } = spawnSync(command, parameters, {
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) {
    console.error(`\n✗ ${title} failed. Run \`pnpm check\` again after mending it.`);
    process.exit(status ?? 1);
  }
  console.log(`✓ ${title} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}
console.log('\n✓ Everything passed.');

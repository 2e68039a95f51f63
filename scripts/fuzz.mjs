// Runs the property tests with new cases, round after round: `pnpm fuzz [rounds]`.
// A failure prints its seed; `SKEIN_PROPERTY_SEED=<seed> npx vitest run --project unit <file>` repeats it.
import { execFileSync, spawnSync } from 'node:child_process';

const rounds = Number(process.argv[2] ?? 10);
if (!Number.isInteger(rounds) || rounds < 1) {
  console.error('Usage: pnpm fuzz [rounds]');
  process.exit(2);
}
const files = execFileSync('git', ['grep', '-l', "from 'fast-check'", '--', '*.test.ts'], {
  encoding: 'utf8',
})
  .trim()
  .split('\n');

for (let round = 1; round <= rounds; round += 1) {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`\n▸ Round ${round} of ${rounds}: seed ${seed}`);
  const { status } = spawnSync('vitest', ['run', '--project', 'unit', ...files], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, SKEIN_PROPERTY_SEED: String(seed) },
  });
  if (status !== 0) {
    console.error(`\n✗ Failed with SKEIN_PROPERTY_SEED=${seed}.`);
    process.exit(status ?? 1);
  }
}
console.log(`\n✓ ${rounds} rounds without a failure.`);

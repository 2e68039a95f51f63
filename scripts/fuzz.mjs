// Tests with new random cases:
//   pnpm fuzz [rounds]                                    the property tests, round after round
//   pnpm fuzz --engine ggml|tfjs|all [--calls N] [--seed N] [--model <golden model>] [--kv-type T]
//                                                         random calls of the engines' contract
// A failure prints its seed; `SKEIN_PROPERTY_SEED=<seed> npx vitest run --project unit <file>` repeats it.
import { execFileSync, spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: 'string' },
    calls: { type: 'string', default: '1000000' },
    seed: { type: 'string' },
    model: { type: 'string', default: 'llama2-f32' },
    'kv-type': { type: 'string', default: 'f16' },
  },
});
const seed = number(values.seed ?? Math.floor(Math.random() * 2 ** 31), 0);

if (values.engine === undefined) fuzzProperties(number(positionals[0] ?? 10, 1));
else fuzzEngines(values.engine, number(values.calls, 1));

/** Every file with property tests, with a new seed in each round. */
function fuzzProperties(rounds) {
  const files = execFileSync('git', ['grep', '-l', "from 'fast-check'", '--', '*.test.ts'], {
    encoding: 'utf8',
  })
    .trim()
    .split('\n');
  for (let round = 1; round <= rounds; round += 1) {
    const ownSeed = (seed + round - 1) % 2 ** 31;
    console.log(`\n▸ Round ${round} of ${rounds}: seed ${ownSeed}`);
    runVitest(files, { SKEIN_PROPERTY_SEED: String(ownSeed) });
  }
  console.log(`\n✓ ${rounds} rounds without a failure.`);
}

function fuzzEngines(engine, calls) {
  if (!['ggml', 'tfjs', 'all'].includes(engine)) usage();
  console.log(`\n▸ ${calls} calls of ${engine}: seed ${seed}`);
  runVitest(['packages/engine/test/fuzz/contract-fuzz.test.ts', '--disable-console-intercept'], {
    SKEIN_PROPERTY_SEED: String(seed),
    SKEIN_FUZZ_CALLS: String(calls),
    SKEIN_FUZZ_MODEL: values.model,
    SKEIN_FUZZ_KV: values['kv-type'],
    ...(engine === 'all' ? {} : { SKEIN_FUZZ_ENGINE: engine }),
  });
  console.log(`\n✓ ${calls} calls, no crash, and nothing was left.`);
}

function runVitest(parameters, environment) {
  const { status } = spawnSync('vitest', ['run', '--project', 'unit', ...parameters], {
    stdio: 'inherit',
    shell: process.platform === 'win32',
    env: { ...process.env, ...environment },
  });
  if (status === 0) return;
  console.error(`\n✗ Failed with SKEIN_PROPERTY_SEED=${environment.SKEIN_PROPERTY_SEED}.`);
  process.exit(status ?? 1);
}

function number(text, least) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least) usage();
  return value;
}

function usage() {
  console.error(
    'Usage: pnpm fuzz [rounds]\n       pnpm fuzz --engine ggml|tfjs|all [--calls N] [--seed N] [--model NAME] [--kv-type T]',
  );
  process.exit(2);
}

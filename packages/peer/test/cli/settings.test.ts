import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { afterEach, expect, it } from 'vitest';
import { applyConfigFile } from '../../src/cli/settings.js';
import { Cleanup } from '../support/cleanup.js';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** The options of a command after a configuration file was applied to its flags. */
async function optionsWith(toml: string, flags: readonly string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'skein-settings-'));
  cleanup.add(() => rm(folder, { recursive: true }));
  const file = join(folder, 'config.toml');
  await writeFile(file, toml);
  const command = new Command('peer')
    .addOption(new Option('--config <file>'))
    .addOption(new Option('--rebalance-interval <seconds>').argParser(Number))
    .addOption(new Option('--no-rebalance'));
  await command.parseAsync([...flags, '--config', file], { from: 'user' });
  await applyConfigFile(command);
  return command.opts();
}

it('takes a number from the command’s table, and a flag over it', async () => {
  const toml = '[peer]\nrebalance-interval = 300\n';
  expect(await optionsWith(toml)).toMatchObject({ rebalanceInterval: 300, rebalance: true });
  const flags = ['--rebalance-interval', '60'];
  expect(await optionsWith(toml, flags)).toMatchObject({ rebalanceInterval: 60 });
});

it('reads a flag that says no as it is written', async () => {
  expect(await optionsWith('[peer]\nno-rebalance = true\n')).toMatchObject({ rebalance: false });
  expect(await optionsWith('[peer]\nno-rebalance = false\n')).toMatchObject({ rebalance: true });
});

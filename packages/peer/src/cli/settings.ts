import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SkeinError } from '@skein/protocol';
import type { Command } from 'commander';
import envPaths from 'env-paths';
import { parse } from 'smol-toml';

/**
 * Where a setting comes from: flag over `SKEIN_*` environment over `config.toml` over default.
 * Commander knows flags, environment and defaults; this adds the file.
 */

/** The file that is read when `--config` names no other. */
function defaultConfigPath(): string {
  return join(envPaths('skein', { suffix: '' }).config, 'config.toml');
}

type Table = Readonly<Record<string, unknown>>;

const isTable = (value: unknown): value is Table =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Fills options that neither flag nor environment set from the configuration file: from the table
 * named after the command, else from the top level.
 *
 * @throws SkeinError `bad-configuration` when the file is not valid TOML, names an unknown key, or
 * was asked for by name and does not exist
 */
export async function applyConfigFile(command: Command): Promise<void> {
  const options = command.optsWithGlobals<{ config?: string }>();
  const path = options.config ?? defaultConfigPath();
  const table = await readTable(path, options.config !== undefined);
  if (table === null) return;
  const section = table[command.name()];
  checkKeys(command, isTable(section) ? section : {}, path);
  for (const option of command.options) {
    const key = option.attributeName();
    const source = command.getOptionValueSource(key);
    if (source !== undefined && source !== 'default') continue;
    const name = option.name();
    const value = (isTable(section) ? section[name] : undefined) ?? table[name];
    if (value === undefined || isTable(value)) continue;
    command.setOptionValueWithSource(key, parseLikeFlag(option, value), 'config');
  }
}

async function readTable(path: string, mustExist: boolean): Promise<Table | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && !mustExist) return null;
    throw new SkeinError('bad-configuration', `The configuration file ${path} cannot be read.`, {
      cause: error,
    });
  }
  try {
    return parse(text);
  } catch (error) {
    throw new SkeinError(
      'bad-configuration',
      `The configuration file ${path} is not valid TOML: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function checkKeys(command: Command, section: Table, path: string): void {
  const known = command.options.map((option) => option.name());
  for (const key of Object.keys(section)) {
    if (known.includes(key)) continue;
    throw new SkeinError(
      'bad-configuration',
      `${path}: [${command.name()}] has the unknown key "${key}". Known: ${known.join(', ')}.`,
    );
  }
}

/** A value of the file goes through the same parser as the flag's text. */
function parseLikeFlag(option: Command['options'][number], value: unknown): unknown {
  const parse = option.parseArg;
  // `no-rebalance = true` is `--no-rebalance`, whose value is whether to rebalance.
  if (option.negate) return value !== true;
  if (parse === undefined) return value;
  if (!Array.isArray(value)) return parse(String(value), undefined);
  let parsed: unknown;
  for (const element of value) parsed = parse(String(element), parsed);
  return parsed;
}

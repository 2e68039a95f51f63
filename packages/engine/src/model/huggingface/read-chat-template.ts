import { join } from 'node:path';
import { limits } from '@skein/protocol';
import { corruptModel } from '../model-errors.js';
import { modelFileLimits } from '../model-file-limits.js';
import { isJsonObject, type Json } from '../parse-json.js';
import { readJsonFile, readTextFile } from '../read-text-file.js';

/**
 * Reads a folder's chat template: chat_template.jinja, or the field in tokenizer_config.json, which
 * is text or a list of named templates, of which `default` counts.
 *
 * @returns null when there is none
 * @throws SkeinError `model-corrupt`, `aborted`
 */
export async function readChatTemplate(
  path: string,
  names: ReadonlySet<string>,
  options: { signal?: AbortSignal | undefined },
): Promise<string | null> {
  const { signal } = options;
  if (names.has('chat_template.jinja')) {
    const byteLengthMax = limits.chatTemplateBytesMax;
    return readTextFile(join(path, 'chat_template.jinja'), { byteLengthMax, signal });
  }
  if (!names.has('tokenizer_config.json')) return null;
  const configPath = join(path, 'tokenizer_config.json');
  const byteLengthMax = modelFileLimits.tokenizerConfigBytesMax;
  const config = await readJsonFile(configPath, { byteLengthMax, signal });
  const template = pickTemplate(config.chat_template);
  return template === null ? null : checkChatTemplate(template, configPath);
}

/** Refuses a template over the limit of the protocol, under which templates travel. */
export function checkChatTemplate(template: string, path: string): string {
  const bytes = Buffer.byteLength(template);
  if (bytes <= limits.chatTemplateBytesMax) return template;
  throw corruptModel(
    path,
    `its chat template has ${bytes} bytes, over ${limits.chatTemplateBytesMax}`,
  );
}

function pickTemplate(value: Json | undefined): string | null {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return null;
  const named = value.find((item: Json) => isJsonObject(item) && item.name === 'default') as
    | Json
    | undefined;
  return isJsonObject(named) && typeof named.template === 'string' ? named.template : null;
}

import { corruptModel } from './model-errors.js';
import { isJsonObject, type JsonObject, parseJson } from './parse-json.js';
import { readBytes, withFile } from './random-access-file.js';

export interface ReadTextOptions {
  /** A larger file is refused before memory is taken for it. */
  readonly byteLengthMax: number;
  readonly signal?: AbortSignal | undefined;
}

/** Reads a UTF-8 text file of a model. @throws SkeinError `model-corrupt`, `aborted` */
export async function readTextFile(path: string, options: ReadTextOptions): Promise<string> {
  const { signal, byteLengthMax } = options;
  const bytes = await withFile(path, { signal, missing: 'model-corrupt' }, (file) => {
    if (file.byteLength > byteLengthMax) {
      throw corruptModel(path, `the file has ${file.byteLength} bytes, more than ${byteLengthMax}`);
    }
    return readBytes(file, 0, file.byteLength);
  });
  return decodeText(bytes, path);
}

/** Reads a JSON file whose outermost value is an object. @throws SkeinError `model-corrupt` */
export async function readJsonFile(path: string, options: ReadTextOptions): Promise<JsonObject> {
  return parseJsonObject(await readTextFile(path, options), path);
}

/** Parses the JSON text of `path`, or of a header in it, to an object. */
export function parseJsonObject(text: string, path: string): JsonObject {
  try {
    const value = parseJson(text);
    if (isJsonObject(value)) return value;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw corruptModel(path, `its JSON is broken: ${cause.message}`, { cause });
  }
  throw corruptModel(path, 'its JSON is not an object');
}

/** Decodes UTF-8 strictly: a replaced character would silently change what is read. */
export function decodeText(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw corruptModel(path, 'its text is not valid UTF-8', { cause });
  }
}

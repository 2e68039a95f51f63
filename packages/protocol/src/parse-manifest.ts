import { SkeinError } from './errors.js';
import type { ModelHash } from './ids.js';
import { limits } from './limits.js';
import { canonicalJson, hashManifest, type ModelManifest } from './manifest.js';
import { manifestSchema } from './manifest-schema.js';
import { parseMessage } from './parse-message.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The UTF-8 bytes that a peer answers a request for its manifest with. */
export function serializeManifest(manifest: ModelManifest): Uint8Array {
  return new TextEncoder().encode(canonicalJson(manifest));
}

/**
 * Reads a manifest from the network and checks that it is the one that was asked for.
 *
 * @param bytes UTF-8 JSON, in any order and spacing
 * @param expected the hash that the manifest's content must have
 * @throws SkeinError `bad-message`
 */
export function parseManifest(bytes: Uint8Array, expected: ModelHash): ModelManifest {
  if (bytes.byteLength > limits.manifestBytesMax) {
    throw new SkeinError(
      'bad-message',
      `manifest of ${bytes.byteLength} bytes; at most ${limits.manifestBytesMax} are allowed`,
    );
  }
  const manifest = parseMessage(manifestSchema, parseJson(bytes), 'manifest');
  const hash = hashManifest(manifest);
  if (hash !== expected) {
    throw new SkeinError('bad-message', `manifest: its hash is ${hash}, not ${expected}`);
  }
  return manifest;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch (error) {
    throw new SkeinError('bad-message', 'manifest: not JSON in UTF-8', { cause: error });
  }
}

import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys';
import type { PrivateKey } from '@libp2p/interface';
import { createSessionId, SkeinError } from '@skein/protocol';

/** Read and write for the owner, nothing for others. */
const keyFileMode = 0o600;
const othersMask = 0o077;
/** An Ed25519 key in libp2p's protobuf takes 68 bytes. */
const keyBytesMax = 4096;

/**
 * Reads the identity in a key file, and creates the file when it is missing. Node only.
 *
 * @throws SkeinError `bad-configuration` when others may read the file, or when it holds no key
 */
export async function loadIdentity(path: string): Promise<PrivateKey> {
  const { readFile, stat } = await import('node:fs/promises');
  const fresh = await generateKeyPair('Ed25519');
  if (await createKeyFile(path, privateKeyToProtobuf(fresh))) return fresh;
  const file = await stat(path);
  checkPermissions(path, file.mode);
  if (file.size > keyBytesMax) throw notAKey(path);
  return parseKey(path, await readFile(path));
}

/**
 * Creates the file with all its bytes at once, so that two peers which start together agree on one
 * key. Returns false when there is one already.
 */
async function createKeyFile(path: string, key: Uint8Array): Promise<boolean> {
  const { link, mkdir, rm, writeFile } = await import('node:fs/promises');
  const { dirname } = await import('node:path');
  const temporary = `${path}.${createSessionId()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(temporary, key, { flag: 'wx', mode: keyFileMode });
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(path, error);
  } finally {
    await rm(temporary, { force: true });
  }
}

function checkPermissions(path: string, mode: number): void {
  // Windows has no such bits.
  if (process.platform === 'win32' || (mode & othersMask) === 0) return;
  const found = (mode & 0o777).toString(8).padStart(4, '0');
  throw new SkeinError(
    'bad-configuration',
    `the identity file ${path} has mode ${found}: other users may read it.\n` +
      `  1. If nobody else has seen it: chmod 600 ${path}\n` +
      `  2. Otherwise delete it; a new identity is made at the next start.`,
    { details: { path, mode: found } },
  );
}

function parseKey(path: string, bytes: Uint8Array): PrivateKey {
  try {
    const key = privateKeyFromProtobuf(bytes);
    if (key.type === 'Ed25519') return key;
  } catch {
    // Answered below: whatever it is, it is no key of ours.
  }
  throw notAKey(path);
}

function notAKey(path: string): SkeinError {
  return new SkeinError(
    'bad-configuration',
    `${path} does not hold an Ed25519 key as libp2p writes it.\n` +
      `  1. Name another file: --identity <file>\n` +
      `  2. Or delete it; a new identity is made at the next start.`,
    { details: { path } },
  );
}

function fileError(path: string, cause: unknown): SkeinError {
  if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') {
    const text =
      `the disk is full: the identity file ${path} was not written.\n` +
      '  1. Free some space, or name a file on another disk: --identity <file>\n' +
      '  2. Without --identity a peer takes a new identity at each start.';
    return new SkeinError('disk-full', text, { cause, details: { path } });
  }
  const why = cause instanceof Error ? cause.message : String(cause);
  return new SkeinError('bad-configuration', `cannot write the identity file ${path}: ${why}`, {
    cause,
  });
}

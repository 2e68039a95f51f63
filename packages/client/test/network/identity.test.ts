import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadIdentity } from '../../src/network/index.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein-identity-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe.skipIf(process.platform === 'win32')('an identity file', () => {
  it('is made when missing, for the owner only, and read again', async () => {
    const path = join(folder, 'deeper', 'identity');
    const made = await loadIdentity(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await loadIdentity(path)).equals(made)).toBe(true);
  });

  it('is one for two that start at once', async () => {
    const path = join(folder, 'identity');
    const [one, two] = await Promise.all([loadIdentity(path), loadIdentity(path)]);
    expect(one?.equals(two)).toBe(true);
  });

  it('that others may read is refused, with the way out', async () => {
    const path = join(folder, 'identity');
    await loadIdentity(path);
    await chmod(path, 0o644);
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'bad-configuration' });
    await expect(loadIdentity(path)).rejects.toThrow(`chmod 600 ${path}`);
  });

  it('that holds no key is refused', async () => {
    const path = join(folder, 'identity');
    await writeFile(path, 'hello', { mode: 0o600 });
    await expect(loadIdentity(path)).rejects.toMatchObject({ code: 'bad-configuration' });
  });
});

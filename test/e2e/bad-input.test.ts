import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runSkein, stopEverything } from '../support/skein-process.js';
import { startSwarm } from '../support/swarm.js';

const model = goldenModel('llama-8block-f32');
const nowhere = '/ip4/127.0.0.1/tcp/9';

afterEach(stopEverything);

/** A copy of the model's folder that a test may damage. */
function copyOfModel(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'skein bad ')), 'model');
  cpSync(model.path, folder, { recursive: true });
  return folder;
}

const peer = (path: string, ...more: string[]) =>
  runSkein(['peer', '--model', path, '--listen', '/ip4/127.0.0.1/tcp/0', ...more]);

describe('skein peer refuses with the way out', () => {
  it('a truncated model file', async () => {
    const folder = copyOfModel();
    truncateSync(join(folder, 'model.safetensors'), 20_000);
    const { code, stderr } = await peer(folder);
    expect(code).toBe(78);
    expect(stderr).toContain('model.safetensors');
  });

  it('an unknown architecture', async () => {
    const folder = copyOfModel();
    const config = JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'));
    const changed = { ...config, architectures: ['MambaForCausalLM'], model_type: 'mamba' };
    writeFileSync(join(folder, 'config.json'), JSON.stringify(changed));
    const { code, stderr } = await peer(folder);
    expect(code).toBe(78);
    expect(stderr).toContain('mamba');
    expect(stderr).toContain('qwen3');
  });

  it('a missing model', async () => {
    const { code, stderr } = await peer('/no/such/model');
    expect(code).toBe(78);
    expect(stderr).toContain('/no/such/model');
    expect(stderr).toContain('tiny-tales');
  });

  it('a span outside of the model', async () => {
    const { code, stderr } = await peer(model.path, '--blocks', '4:12');
    expect(code).toBe(2);
    expect(stderr).toContain('4:12');
    expect(stderr).toContain('0:8');
  });

  it('a span that is not one', async () => {
    const { code, stderr } = await peer(model.path, '--blocks', 'all');
    expect(code).toBe(2);
    expect(stderr).toContain('0:8');
  });

  it('an unreachable bootstrap', async () => {
    const { code, stderr } = await peer(model.path, '--bootstrap', nowhere);
    expect(code).toBe(69);
    expect(stderr).toContain(nowhere);
  });

  it('a port in use', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { code, stderr } = await runSkein([
      'peer',
      '--model',
      model.path,
      '--listen',
      `/ip4/127.0.0.1/tcp/${port}`,
    ]);
    server.close();
    expect(code).toBe(78);
    expect(stderr).toContain(String(port));
  });

  it('a full disk', async (context) => {
    const disk = mkdtempSync(join(tmpdir(), 'skein full '));
    // Only root may mount, and only Linux has tmpfs.
    const mount = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', disk]);
    if (mount.status !== 0) context.skip('cannot mount a small disk here');
    try {
      spawnSync('dd', ['if=/dev/zero', `of=${join(disk, 'filler')}`, 'bs=1k', 'count=64']);
      const { code, stderr } = await peer(model.path, '--identity', join(disk, 'key'));
      expect(code).toBe(78);
      expect(stderr).toContain('disk is full');
      expect(readdirSync(disk)).toEqual(['filler']);
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  it('an unknown flag, with exit code 2', async () => {
    expect((await peer(model.path, '--blokcs', '0:4')).code).toBe(2);
  });
});

describe('skein generate refuses with the way out', () => {
  const generate = (bootstrap: string, ...more: string[]) =>
    runSkein([
      'generate',
      '--model',
      model.path,
      '--bootstrap',
      bootstrap,
      '--prompt-tokens',
      '1,2,3',
      '--max-tokens',
      '4',
      ...more,
    ]);

  it('an unreachable bootstrap', async () => {
    const { code, stderr } = await generate(nowhere);
    expect(code).toBe(69);
    expect(stderr).toContain(nowhere);
  });

  it('a route that cannot be completed: it names the blocks', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:3', '5:8'] });
    const { code, stderr } = await generate(swarm.bootstrap);
    expect(code).toBe(69);
    expect(stderr).toMatch(/3:5|3 and 4|3, 4|3–4/);
  });

  it('a prompt that is too long, an unknown model, and a token outside of the vocabulary', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:8'] });
    const long = Array.from({ length: 300 }, () => 5).join(',');
    const tooLong = await generate(swarm.bootstrap, '--prompt-tokens', long);
    expect(tooLong.code).toBe(2);
    expect(tooLong.stderr).toContain('256');

    const unknown = await generate(swarm.bootstrap, '--model', 'no-such-model');
    expect(unknown.code).toBe(78);
    expect(unknown.stderr).toContain('llama-8block-f32');

    const badToken = await generate(swarm.bootstrap, '--prompt-tokens', '1,5000');
    expect(badToken.code).toBe(2);
    expect(badToken.stderr).toContain('5000');

    // None of these disturbed the peer.
    expect((await generate(swarm.bootstrap)).code).toBe(0);
  });
});

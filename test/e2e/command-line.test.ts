import { afterEach, describe, expect, it } from 'vitest';
import { goldenModel } from '../support/golden.js';
import { runForText, runSkein, SkeinProcess, stopEverything } from '../support/skein-process.js';
import { startSwarm } from '../support/swarm.js';

const model = goldenModel('llama-8block-f32');

afterEach(stopEverything);

describe('skein', () => {
  it.each([
    'peer',
    'bootstrap',
    'generate',
    'chat',
    'serve',
    'status',
    'dashboard',
    'doctor',
    'bench',
    'evaluate',
    'demo',
  ])('%s --help shows examples', (name) => {
    const { code, text } = runForText([name, '--help']);
    expect(code).toBe(0);
    expect(text).toContain(`skein ${name}`);
    expect(text).toContain('Examples:');
  });

  it('doctor finds a device that works', async () => {
    const { code, events } = await runSkein(['doctor']);
    expect(code).toBe(0);
    const [doctor] = events;
    expect(doctor).toMatchObject({ event: 'doctor', node: process.version });
    expect(doctor?.devices.map(({ kind }: { kind: string }) => kind)).toContain(doctor?.auto);
  });

  it('status prints coverage and the weakest block', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:4', '2:8'] });
    const { code, events } = await runSkein(['status', '--bootstrap', swarm.bootstrap]);
    expect(code).toBe(0);
    expect(events).toHaveLength(1);
    const [status] = events;
    expect(status).toMatchObject({
      event: 'status',
      name: 'llama-8block-f32',
      blockCount: 8,
      isComplete: true,
    });
    const hosts = status?.coverage.map(({ peerCount }: { peerCount: number }) => peerCount);
    expect(hosts).toEqual([1, 1, 2, 2, 1, 1, 1, 1]);
    expect(status?.weakestBlock.peerCount).toBe(1);
    expect(status?.peers).toHaveLength(2);
    expect(status?.spans).toHaveLength(2);
  });

  it('a peer that is interrupted says goodbye and is gone at once', async () => {
    const swarm = await startSwarm({ model: model.path, blocks: ['0:8', '0:8'] });
    swarm.peers[0]?.process.kill('SIGINT');
    const exit = await swarm.peers[0]?.process.exited;
    expect(exit?.code).toBe(0);
    const { events } = await runSkein(['status', '--bootstrap', swarm.bootstrap]);
    expect(events[0]?.peers).toHaveLength(1);
  });

  it('a peer without --blocks takes the weakest range', async () => {
    const swarm = await startSwarm({
      model: model.path,
      blocks: ['0:8', '0:4'],
    });
    const peer = new SkeinProcess([
      'peer',
      '--model',
      model.path,
      '--num-blocks',
      '4',
      '--bootstrap',
      swarm.bootstrap,
      '--listen',
      '/ip4/127.0.0.1/tcp/0',
      '--threads',
      '1',
      '--identity',
      `${swarm.folder}/late.key`,
    ]);
    const ready = await peer.waitFor('ready');
    expect(ready.span).toEqual({ start: 4, end: 8 });
  });
});

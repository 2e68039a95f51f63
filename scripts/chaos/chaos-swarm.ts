import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChildCommand, startCommand } from '@skein/peer/child-command';
import type { Span } from '@skein/protocol';
import { ChaosClient } from './chaos-client.js';
import { chaosLimits } from './chaos-limits.js';
import { ChaosPeer, modelName } from './chaos-peer.js';

/** The processes of a run: a bootstrap node that nobody harms, peers, and clients. */
export class ChaosSwarm {
  readonly peers: readonly ChaosPeer[];
  readonly clients: readonly ChaosClient[];
  readonly #bootstrap: ChildCommand;
  readonly #folder: string;

  private constructor(parts: {
    bootstrap: ChildCommand;
    folder: string;
    peers: readonly ChaosPeer[];
    clients: readonly ChaosClient[];
  }) {
    this.#bootstrap = parts.bootstrap;
    this.#folder = parts.folder;
    this.peers = parts.peers;
    this.clients = parts.clients;
  }

  /** Starts everything, and sees to it that nothing outlives this process. */
  static async start(options: {
    readonly model: string;
    readonly spans: readonly Span[];
    readonly clients: number;
    readonly signal: AbortSignal;
  }): Promise<ChaosSwarm> {
    const { model, signal } = options;
    const folder = await mkdtemp(join(tmpdir(), 'skein-chaos-'));
    const peers: ChaosPeer[] = [];
    const clients: ChaosClient[] = [];
    const listen = ['--listen', '/ip4/127.0.0.1/tcp/0'];
    const bootstrap = startCommand(['bootstrap', ...listen]);
    const swarm = new ChaosSwarm({ bootstrap, folder, peers, clients });
    process.once('exit', () => swarm.#killEverything());
    try {
      const ready = await bootstrap.waitFor('ready', { signal });
      const address = (ready.multiaddrs as string[])[0] as string;
      const startPeer = async (span: Span, index: number) => {
        const name = `chaos-${index + 1}`;
        const identity = join(folder, `${name}.key`);
        const settings = { name, model, identity, span, bootstrap: address };
        const peer = await ChaosPeer.create(settings);
        peers.push(peer);
        await peer.start(signal);
      };
      await Promise.all(options.spans.map(startPeer));
      for (let index = 0; index < options.clients; index += 1) {
        clients.push(await ChaosClient.start({ bootstrap: address, model: modelName }));
      }
    } catch (error) {
      await swarm.stop();
      throw error;
    }
    return swarm;
  }

  get healthyCount(): number {
    return this.peers.filter(({ isHealthy }) => isHealthy).length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.clients.map((client) => client.stop()));
    await Promise.all(this.peers.map((peer) => peer.stop()));
    await this.#bootstrap.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #killEverything(): void {
    for (const member of [...this.peers, ...this.clients]) member.killNow();
    this.#bootstrap.kill('SIGKILL');
  }
}

/** How long a peer is down or out of reach. */
export function downMs(random: () => number): number {
  const { downMsMin, downMsMax } = chaosLimits;
  return downMsMin + random() * (downMsMax - downMsMin);
}

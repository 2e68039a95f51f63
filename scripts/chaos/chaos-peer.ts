import { createServer } from 'node:net';
import { type ChildCommand, startCommand } from '@skein/peer/child-command';
import { abortAfter, formatSpan, type Span } from '@skein/protocol';
import { chaosLimits } from './chaos-limits.js';
import type { PeerState } from './choose-victim.js';
import { TcpProxy } from './tcp-proxy.js';

/** The name under which peers announce the model, whatever file it is, and clients ask for it. */
export const modelName = 'chaos';

/** What all peers of the swarm have in common, and what tells them apart. */
export interface ChaosPeerOptions {
  readonly name: string;
  readonly model: string;
  readonly bootstrap: string;
  readonly identity: string;
  readonly span: Span;
}

/** A `skein peer` behind a proxy whose address it announces, and what can be done to it. */
export class ChaosPeer implements PeerState {
  readonly name: string;
  readonly proxy: TcpProxy;
  id = '';
  span: Span;
  isHealthy = false;
  readonly #options: ChaosPeerOptions;
  readonly #port: number;
  #child: ChildCommand | null = null;

  private constructor(options: ChaosPeerOptions, port: number, proxy: TcpProxy) {
    this.name = options.name;
    this.span = options.span;
    this.proxy = proxy;
    this.#options = options;
    this.#port = port;
  }

  /** Opens the proxy; the process is not started yet. */
  static async create(options: ChaosPeerOptions): Promise<ChaosPeer> {
    const port = await freePort();
    return new ChaosPeer(options, port, await TcpProxy.listen(port));
  }

  /** Starts the process, at the first time or again, and waits until it serves. */
  async start(signal: AbortSignal): Promise<void> {
    const { name, model, bootstrap, identity } = this.#options;
    signal.throwIfAborted();
    const child = startCommand([
      ...['peer', '--model', model, '--model-name', modelName, '--name', name],
      ...['--blocks', formatSpan(this.span)],
      ...['--listen', `/ip4/127.0.0.1/tcp/${this.#port}`],
      ...['--announce', `/ip4/127.0.0.1/tcp/${this.proxy.port}`],
      ...['--bootstrap', bootstrap, '--identity', identity],
      ...['--threads', '1', '--device', 'cpu'],
    ]);
    this.#child = child;
    const deadline = abortAfter(chaosLimits.peerReadyMs, signal);
    const ready = await child.waitFor('ready', { signal: deadline });
    this.id = ready.peerId as string;
    this.isHealthy = true;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.isHealthy = false;
    this.#child?.kill('SIGKILL');
    await this.#child?.exited;
  }

  /** SIGINT: the peer says goodbye. */
  async leave(): Promise<void> {
    this.isHealthy = false;
    const child = this.#child;
    child?.kill('SIGINT');
    const insist = setTimeout(() => child?.kill('SIGKILL'), chaosLimits.leaveMs);
    await child?.exited;
    clearTimeout(insist);
  }

  /** SIGSTOP: the system keeps its connections open, and nobody answers. */
  freeze(): void {
    this.isHealthy = false;
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
    this.isHealthy = true;
  }

  /** The network before the peer is gone without a word. What the peer itself dials still works. */
  cut(): void {
    this.isHealthy = false;
    this.proxy.cut();
  }

  mend(): void {
    this.proxy.mend();
    this.isHealthy = true;
  }

  /** Ends process and proxy. */
  async stop(): Promise<void> {
    this.isHealthy = false;
    // A stopped process does not hear of SIGTERM.
    this.#child?.kill('SIGCONT');
    await this.#child?.stop();
    await this.proxy.close();
  }

  /** For the last moment, when nothing can be waited for. */
  killNow(): void {
    this.#child?.kill('SIGKILL');
  }
}

/**
 * A port that is free now, and stays so while the peer is down: it has to come back where its proxy
 * knows it, so the port is none of those that systems lend to outgoing connections.
 */
async function freePort(): Promise<number> {
  const { portMin, portMax, portTriesMax } = chaosLimits;
  for (let tries = 0; tries < portTriesMax; tries += 1) {
    const port = portMin + Math.floor(Math.random() * (portMax - portMin));
    if (!lentPorts.has(port) && (await isFree(port))) {
      lentPorts.add(port);
      return port;
    }
  }
  throw new Error(`There is no free port between ${portMin} and ${portMax}.`);
}

/** Ports of this run's peers, up or not. */
const lentPorts = new Set<number>();

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (isListening) await new Promise<void>((resolve) => server.close(() => resolve()));
  return isListening;
}

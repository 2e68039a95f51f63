import type {
  ChannelAcceptor,
  ChannelHandlers,
  Clock,
  MessageChannel,
  Remote,
  SkeinNode,
} from '@skein/client/network';
import { type PeerId, SkeinError, toSkeinError } from '@skein/protocol';
import { BootstrapKeeper } from '../../../packages/client/src/network/bootstrap-keeper.js';
import { type FrameSchema, SimChannel } from './sim-channel.js';
import type { SimConnection } from './sim-connection.js';
import type { SimNetwork } from './sim-network.js';
import { WireFaults } from './wire-faults.js';

/** As `openMsMax` of the node on libp2p. */
const openMsMax = 10_000;
/** Handshakes of a dial, in round trips. */
const dialRoundTrips = 2.5;

type Accept = (channel: SimChannel) => ChannelHandlers<unknown>;

interface Served {
  readonly schema: FrameSchema;
  readonly accept: Accept;
}

/** A process with a network: it may be stopped for a while (SIGSTOP), and it may die. */
export class SimNode implements SkeinNode {
  readonly peer: PeerId;
  /** For traces. */
  readonly name: string;
  readonly network: SimNetwork;
  readonly wire: WireFaults;
  readonly clock: Clock;
  /** Milliseconds since 1970, as this machine believes. */
  readonly wallClock: () => number;
  isDead = false;
  /** The machine's calendar was set wrong by so much. */
  skewMs = 0;
  /** Dead, and its machine does not even refuse. */
  isSilent = false;
  #pauses = 0;
  #isPaused = false;
  #backlog: (() => void)[] = [];
  readonly #keeper: BootstrapKeeper;
  readonly #served = new Map<string, Served>();
  readonly #connections = new Map<PeerId, SimConnection>();
  readonly #dials = new Map<PeerId, Promise<SimConnection>>();
  readonly #disconnectListeners = new Set<(peer: PeerId) => void>();

  constructor(options: {
    network: SimNetwork;
    peer: PeerId;
    name: string;
    bootstrap: readonly string[];
    clock?: { offsetMs: number; rate: number };
  }) {
    const { network } = options;
    const { offsetMs, rate } = options.clock ?? { offsetMs: 0, rate: 1 };
    this.network = network;
    this.peer = options.peer;
    this.name = options.name;
    this.wire = new WireFaults(this, network.random.fork(`wire ${options.name}`));
    this.clock = {
      // Only differences mean something: nobody may rely on where it starts.
      now: () => 1000 + network.time.nowMs * rate,
      schedule: (delayMs, callback) =>
        network.time.schedule(delayMs / rate, () => this.whenAwake(callback)),
    };
    this.wallClock = () => Math.floor(epochMs + offsetMs + this.skewMs + network.time.nowMs * rate);
    const random = network.random.fork(`keeper ${options.name}`).next;
    const { clock } = this;
    this.#keeper = new BootstrapKeeper({ node: this, bootstrap: options.bootstrap, clock, random });
    network.add(this);
  }

  get multiaddrs(): readonly string[] {
    return [`/memory/${this.name}/p2p/${this.peer}`];
  }

  get connectedPeers(): readonly PeerId[] {
    return [...this.#connections.keys()];
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Runs at once, when the process goes on, or never if it is dead. */
  whenAwake(action: () => void): void {
    if (this.isDead) return;
    if (this.#isPaused) this.#backlog.push(action);
    else action();
  }

  /** Nothing is processed from now on; connections stay. */
  pause(): void {
    if (this.isDead || this.#isPaused) return;
    this.#isPaused = true;
    this.#pauses += 1;
    const pause = this.#pauses;
    this.network.watchSilence(this, () => !this.#isPaused || this.#pauses !== pause);
  }

  /** What came meanwhile is processed in the order in which it came. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const backlog = this.#backlog;
    this.#backlog = [];
    // One by one, so that reactions to one run before the next.
    for (const action of backlog) this.network.time.schedule(0, () => this.whenAwake(action));
  }

  /** The process ends. With `silent` its machine is gone too: nobody is told. */
  die(options: { silent: boolean }): void {
    if (this.isDead) return;
    this.isDead = true;
    this.isSilent = options.silent;
    this.#backlog = [];
    if (options.silent) this.network.watchSilence(this, () => false);
    else this.network.breakAll(this, 'the process ended');
    this.#connections.clear();
  }

  async start(): Promise<void> {
    this.#keeper.start();
  }

  async stop(): Promise<void> {
    this.#keeper.stop();
    this.die({ silent: false });
  }

  async connect(multiaddrs: readonly string[], options: { signal?: AbortSignal }): Promise<PeerId> {
    const peer = multiaddrs[0]?.split('/p2p/')[1] as PeerId | undefined;
    if (peer === undefined) throw new SkeinError('peer-unreachable', 'an address without an id');
    await this.#within(options.signal, peer, this.#connection(peer));
    return peer;
  }

  async openChannel(
    remote: Remote,
    protocol: string,
    schema: FrameSchema,
    accept: ChannelAcceptor<never, never>,
    options: { signal?: AbortSignal },
  ): Promise<MessageChannel<never>> {
    const { peer } = remote;
    const opening = this.#connection(peer).then((connection) =>
      this.#openStream(connection, protocol, { schema, accept: accept as unknown as Accept }),
    );
    const channel = await this.#within(options.signal, peer, opening, (late) =>
      late.abort(new Error('too late')),
    );
    return channel as unknown as MessageChannel<never>;
  }

  async serve(
    protocol: string,
    schema: FrameSchema,
    accept: ChannelAcceptor<never, never>,
  ): Promise<void> {
    this.#served.set(protocol, { schema, accept: accept as unknown as Accept });
  }

  onDisconnect(listener: (peer: PeerId) => void): () => void {
    this.#disconnectListeners.add(listener);
    return () => this.#disconnectListeners.delete(listener);
  }

  async provideTopic(): Promise<void> {}

  async *findTopic(): AsyncGenerator<Remote> {}

  /** A connection ended as far as this side is concerned. */
  onConnectionEnd(connection: SimConnection): void {
    const { peer } = connection.other(this);
    this.network.forget(connection);
    if (this.#connections.get(peer) !== connection) return;
    this.#connections.delete(peer);
    for (const listener of this.#disconnectListeners) listener(peer);
  }

  /** Settles with `work`, or when the signal or the time of an opening says so. */
  #within<Value>(
    signal: AbortSignal | undefined,
    peer: PeerId,
    work: Promise<Value>,
    onLate: (value: Value) => void = () => {},
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      let isOver = false;
      const finish = (action: () => void) => {
        if (isOver) return;
        isOver = true;
        cancel();
        signal?.removeEventListener('abort', abort);
        action();
      };
      const abort = () => finish(() => reject(toSkeinError(signal?.reason, 'aborted')));
      const cancel = this.clock.schedule(openMsMax, () =>
        finish(() => reject(unreachable(peer, 'no answer in time'))),
      );
      work.then(
        (value) => (isOver ? onLate(value) : finish(() => resolve(value))),
        (error: unknown) => finish(() => reject(error)),
      );
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort);
    });
  }

  #connection(peer: PeerId): Promise<SimConnection> {
    const known = this.#connections.get(peer);
    if (known?.isOpenFor(this)) return Promise.resolve(known);
    let dial = this.#dials.get(peer);
    if (dial === undefined) {
      dial = this.#dial(peer).finally(() => this.#dials.delete(peer));
      dial.catch(() => {});
      this.#dials.set(peer, dial);
    }
    return dial;
  }

  #dial(peer: PeerId): Promise<SimConnection> {
    const { network } = this;
    const target = network.find(peer);
    const link = network.link(this.peer, peer);
    return new Promise((resolve, reject) => {
      // A dial into nowhere ends by its time limit only; later ones start afresh.
      this.clock.schedule(openMsMax, () => reject(unreachable(peer, 'no answer')));
      if (peer === this.peer) return reject(unreachable(peer, 'oneself'));
      if (target?.isSilent || link.isCut) return;
      network.time.schedule(2 * dialRoundTrips * link.drawLatencyMs(), () => {
        if (this.isDead || link.isCut) return;
        const known = this.#connections.get(peer);
        if (known?.isOpenFor(this)) return resolve(known);
        if (target === undefined || target.isDead) {
          this.whenAwake(() => reject(unreachable(peer, 'connection refused')));
          return;
        }
        target.whenAwake(() =>
          this.whenAwake(() => {
            const connection = network.connect(this, target);
            this.#connections.set(peer, connection);
            target.#connections.set(this.peer, connection);
            resolve(connection);
          }),
        );
      });
    });
  }

  #openStream(connection: SimConnection, protocol: string, near: Served): Promise<SimChannel> {
    const remote = connection.other(this);
    return new Promise((resolve, reject) => {
      const refuse = (why: string) => reject(unreachable(remote.peer, why));
      const waiting = { onReset: refuse };
      const end = new SimChannel(
        { node: this, remotePeer: remote.peer, connection, protocol },
        near.schema,
      );
      end.attach({ onMessage: () => undefined, onClose: () => waiting.onReset('reset') });
      connection.transmit(this, 60, () => {
        const served = remote.#served.get(protocol);
        if (served === undefined) {
          connection.transmit(remote, 20, () => {
            end.detach();
            refuse(`does not speak ${protocol}`);
          });
          return;
        }
        const far = new SimChannel(
          { node: remote, remotePeer: this.peer, connection, protocol },
          served.schema,
        );
        far.other = end;
        end.other = far;
        far.attach(served.accept(far));
        connection.transmit(remote, 20, () => {
          if (end.isOver) return;
          waiting.onReset = () => {};
          end.attach(near.accept(end));
          resolve(end);
        });
      });
    });
  }
}

/** The simulation begins at this time of everybody's calendar. */
const epochMs = 1_763_650_000_000;

function unreachable(peer: PeerId, why: string): SkeinError {
  return new SkeinError('peer-unreachable', `cannot reach peer ${peer}: ${why}`, { peer });
}

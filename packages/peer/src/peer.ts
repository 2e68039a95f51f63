import { hostname } from 'node:os';
import {
  type Clock,
  createDirectory,
  createSkeinNode,
  type Directory,
  loadIdentity,
  type SkeinNode,
  systemClock,
} from '@skein/client/network';
import { createEngine } from '@skein/engine';
import {
  type Engine,
  type EngineFailure,
  infoProtocol,
  infoRequestSchema,
  modelProtocol,
  modelRequestSchema,
  type PeerId,
  SkeinError,
  toSkeinError,
} from '@skein/protocol';
import { Announcer } from './announce/announcer.js';
import { measureEngine } from './announce/measure-engine.js';
import { ThroughputMeter } from './announce/throughput.js';
import { answerInfo, nameText } from './control/answer-info.js';
import { answerModel } from './control/answer-model.js';
import { describePeer, infoFigures, numericKindOf, type PeerParts } from './describe-peer.js';
import { createFreshIdentity } from './fresh-identity.js';
import { type HostedModel, openHostedModel } from './hosting/hosted-model.js';
import { type Placement, placePeer } from './hosting/place-peer.js';
import type { PeerEvent } from './peer-events.js';
import type { PeerOptions, PeerStatus } from './peer-options.js';
import { checkDrainTimeout } from './session/drain-sessions.js';
import { SessionHost } from './session/session-host.js';

/** A machine's part in a swarm: it hosts blocks of a model and serves sessions on them. */
export interface Peer {
  /**
   * Joins the swarm, loads the blocks, measures itself, and serves.
   * @throws SkeinError whatever keeps it from doing so, after everything was freed again
   */
  start(): Promise<PeerStatus>;
  /**
   * Leaves. Gracefully (the default): tells the swarm and the clients, hands over the sessions that
   * they move elsewhere, and serves them until then, or until `drainTimeoutMs` is over. Idempotent;
   * a call that is not graceful ends the wait of one that is.
   */
  stop(options?: { readonly graceful?: boolean }): Promise<void>;
  /** Null until the peer is ready. */
  status(): PeerStatus | null;
  /** The peer's node and directory, for others in this process; null until it listens. */
  readonly network: { readonly node: SkeinNode; readonly directory: Directory } | null;
}

/**
 * Makes a peer. It does no I/O until `start()`.
 * @throws SkeinError `bad-argument`
 */
export function createPeer(options: PeerOptions): Peer {
  checkDrainTimeout(options.drainTimeoutMs);
  return new SwarmPeer(options);
}

/** Where the swarm's other members are looked for at the start, at most. */
const joinMsMax = 10_000;

class SwarmPeer implements Peer {
  readonly #options: PeerOptions;
  readonly #abort = new AbortController();
  readonly #hurry = new AbortController();
  readonly #clock: Clock;
  readonly #name: string;
  /** What was started, to be stopped in reverse order. */
  readonly #stops: (() => Promise<unknown>)[] = [];
  #network: { node: SkeinNode; directory: Directory } | null = null;
  #parts: PeerParts | null = null;
  #started: Promise<PeerStatus> | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#name = nameText(options.name ?? hostname());
  }

  get network(): { readonly node: SkeinNode; readonly directory: Directory } | null {
    return this.#network;
  }

  status(): PeerStatus | null {
    return this.#parts === null ? null : describePeer(this.#parts);
  }

  start(): Promise<PeerStatus> {
    this.#started ??= this.#start().catch(async (error: unknown) => {
      await this.#stopAll();
      throw this.#abort.signal.aborted ? toSkeinError(this.#abort.signal.reason) : error;
    });
    return this.#started;
  }

  stop(options: { readonly graceful?: boolean } = {}): Promise<void> {
    if (options.graceful === false) this.#hurry.abort();
    this.#stopped ??= this.#stop(options.graceful ?? true);
    return this.#stopped;
  }

  async #start(): Promise<PeerStatus> {
    const { signal } = this.#abort;
    const model = await openHostedModel(this.#options.modelPath, {
      name: this.#options.modelName,
      signal,
    });
    const { node, directory } = await this.#join(model);
    const placement = placePeer(this.#options, model, {
      others: this.#others(directory, model),
      random: this.#options.random ?? Math.random,
    });
    const { span, ends, reason } = placement;
    this.#emit({ type: 'placed', span, ends, reason });
    const announcer = this.#announceJoining({ model, placement, node, directory });
    const engine = await this.#loadEngine(placement);
    signal.throwIfAborted();
    const initial = await measureEngine(engine);
    const meter = new ThroughputMeter({ blocks: engine.info.span.end - span.start, initial });
    const host = new SessionHost({
      node,
      engine,
      model: model.hash,
      numericKind: numericKindOf(engine.info),
      clock: this.#clock,
      events: {
        onSessionOpened: ({ id, client }) =>
          this.#emit({ type: 'session-opened', session: id, client }),
        onSessionClosed: ({ id, client, tokens }) =>
          this.#emit({ type: 'session-closed', session: id, client, tokens }),
        onBatch: (report) => meter.add(report),
      },
    });
    const startedAtMs = this.#clock.now();
    const uptimeMs = () => this.#clock.now() - startedAtMs;
    const parts = { node, name: this.#name, model, engine, host, meter, announcer, uptimeMs };
    this.#parts = parts;
    engine.onFailure((event) => this.#onEngineFailure(event, announcer));
    await this.#serve(parts);
    signal.throwIfAborted();
    await announcer.announce('serving');
    const status = describePeer(parts);
    this.#emit({ type: 'ready', ...status });
    return status;
  }

  /** Listens, and meets the members. */
  async #join(model: HostedModel): Promise<{ node: SkeinNode; directory: Directory }> {
    const { listen, bootstrap, announce, identityPath, mdns, dht, transports, gossipMs } =
      this.#options;
    const privateKey =
      identityPath === undefined ? await createFreshIdentity() : await loadIdentity(identityPath);
    const node = await createSkeinNode({
      listen,
      bootstrap,
      mode: 'peer',
      privateKey,
      ...(announce === undefined ? {} : { announce }),
      ...(mdns === undefined ? {} : { mdns }),
      ...(dht === undefined ? {} : { dht }),
      ...(transports === undefined ? {} : { transports }),
    });
    this.#stops.push(() => node.stop());
    await node.start();
    const directory = createDirectory({
      node,
      bootstrap,
      privateKey,
      clock: this.#clock,
      ...(gossipMs === undefined ? {} : { gossipMs }),
    });
    this.#stops.push(() => directory.stop());
    await directory.start();
    this.#network = { node, directory };
    this.#emit({ type: 'listening', peerId: node.peer, multiaddrs: node.multiaddrs });
    await this.#meetMembers(directory, model);
    return { node, directory };
  }

  async #meetMembers(directory: Directory, model: HostedModel): Promise<void> {
    if (this.#options.bootstrap.length === 0) return;
    const modelName = model.manifest.name;
    const signal = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(joinMsMax)]);
    try {
      await directory.refresh({ modelName, signal });
    } catch (thrown) {
      this.#abort.signal.throwIfAborted();
      const error = toSkeinError(thrown);
      // A peer that nobody can find would only look as if it helped.
      if (this.#network?.node.connectedPeers.length === 0) {
        throw unreachableBootstrap(this.#options.bootstrap, error);
      }
      const message = `No other member was found yet; the search goes on. ${error.message}`;
      this.#emit({ type: 'warning', message, error });
    }
    const namesake = directory
      .records()
      .find(({ body }) => body.modelName === modelName && body.model !== model.hash);
    if (namesake === undefined) return;
    const message =
      `Peer ${namesake.peerId} hosts another model by the name "${modelName}": ` +
      `${namesake.body.model}, here ${model.hash}. The two cannot work together; ` +
      'get the same files, or choose another name.';
    this.#emit({ type: 'warning', message });
  }

  #others(directory: Directory, model: HostedModel) {
    const own: PeerId | undefined = this.#network?.node.peer;
    return directory
      .records()
      .filter(({ peerId, body }) => peerId !== own && body.model === model.hash);
  }

  /** From now on newcomers count with this peer's blocks. */
  #announceJoining(joining: {
    model: HostedModel;
    placement: Placement;
    node: SkeinNode;
    directory: Directory;
  }): Announcer {
    const announcer = new Announcer({
      directory: joining.directory,
      clock: this.#clock,
      describe: () => ({
        ...infoFigures.placed({ ...joining, name: this.#name }),
        ...(this.#parts === null ? {} : infoFigures.measured(this.#parts)),
      }),
    });
    this.#stops.push(async () => announcer.stop());
    // It goes on being told; a failure here shows when `serving` is announced.
    announcer.announce('joining').catch(() => undefined);
    return announcer;
  }

  async #loadEngine(placement: Placement): Promise<Engine> {
    const { modelPath, weightType, device, kvType, threads } = this.#options;
    const create = this.#options.createEngine ?? createEngine;
    const { span, ends, kvTokensMax } = placement;
    const engine = await create({
      modelPath,
      span,
      ends,
      kvTokensMax,
      weightType: weightType ?? 'keep',
      device: device ?? 'auto',
      kvType: kvType ?? 'f16',
      ...(threads === undefined ? {} : { threads }),
      signal: this.#abort.signal,
      onProgress: (progress) => this.#emit({ type: 'loading', ...progress }),
      onFallback: (passedOver, error) => {
        const message = `The device ${passedOver} is passed over: ${error.message}`;
        this.#emit({ type: 'warning', message, error: toSkeinError(error) });
      },
    });
    this.#stops.push(() => engine.stop());
    return engine;
  }

  async #serve({ node, host, model, announcer }: PeerParts): Promise<void> {
    await host.start();
    await node.serve(modelProtocol, modelRequestSchema, answerModel(model.parts));
    const source = {
      record: () => announcer.record,
      figures: () => infoFigures.live(this.#parts as PeerParts),
    };
    await node.serve(infoProtocol, infoRequestSchema, answerInfo(source));
  }

  #onEngineFailure(event: EngineFailure, announcer: Announcer): void {
    if (this.#stopped !== null) return;
    switch (event.kind) {
      case 'failed':
        this.#emit({
          type: 'engine-failed',
          error: event.error,
          lostSessions: event.lostSessions.length,
        });
        this.#announce(announcer, 'joining');
        return;
      case 'restarted':
        this.#emit({ type: 'engine-restarted', elapsedMs: event.elapsedMs });
        this.#announce(announcer, 'serving');
        return;
      case 'gave-up':
        this.#emit({ type: 'engine-gave-up', error: event.error });
        this.#announce(announcer, 'gone');
    }
  }

  #announce(announcer: Announcer, state: 'joining' | 'serving' | 'gone'): void {
    announcer.announce(state).catch((thrown: unknown) => {
      const error = toSkeinError(thrown);
      this.#emit({ type: 'warning', message: `The swarm was not told: ${error.message}`, error });
    });
  }

  async #stop(isGraceful: boolean): Promise<void> {
    this.#emit({ type: 'stopping', isGraceful });
    this.#abort.abort(new SkeinError('aborted', 'the peer was stopped'));
    // A start that is under way frees what it has; its error is told to whoever called it.
    await this.#started?.catch(() => undefined);
    try {
      if (isGraceful && this.#parts !== null) await this.#leave(this.#parts);
    } finally {
      await this.#stopAll();
    }
  }

  async #leave({ announcer, host }: PeerParts): Promise<void> {
    host.isDraining = true;
    // Whoever the goodbye does not reach learns it from the record's end.
    await announcer.announce('draining').catch(() => undefined);
    const { drainTimeoutMs } = this.#options;
    await host.drain({
      signal: this.#hurry.signal,
      ...(drainTimeoutMs === undefined ? {} : { timeoutMs: drainTimeoutMs }),
      onProgress: (progress) => this.#emit({ type: 'draining', ...progress }),
    });
    await announcer.announce('gone').catch(() => undefined);
    await host.endAll(new SkeinError('draining', 'this peer leaves the swarm'));
  }

  async #stopAll(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) {
      // The rest must be freed whatever becomes of one.
      await stop().catch((error: unknown) => {
        this.#emit({ type: 'warning', message: `While stopping: ${toSkeinError(error).message}` });
      });
    }
  }

  #emit(event: PeerEvent): void {
    this.#options.onEvent?.(event);
  }
}

function unreachableBootstrap(bootstrap: readonly string[], cause: SkeinError): SkeinError {
  const text = [
    `None of the bootstrap addresses answered: ${bootstrap.join(', ')}`,
    '  1. Check that a peer runs there: `skein peer` prints its addresses when it is ready.',
    '  2. Check that the address ends in /p2p/ and the peer’s id, and that its port is open.',
    '  3. To start a swarm of your own, leave --bootstrap out.',
  ].join('\n');
  return new SkeinError('peer-unreachable', text, { cause, details: { bootstrap } });
}

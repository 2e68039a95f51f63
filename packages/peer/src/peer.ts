import { hostname } from 'node:os';
import type { PrivateKey } from '@libp2p/interface';
import { type Clock, type Directory, type SkeinNode, systemClock } from '@skein/client/network';
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
  type StatusMessage,
  toSkeinError,
} from '@skein/protocol';
import { PeerActivity } from './activity/peer-activity.js';
import { Announcer } from './announce/announcer.js';
import { answerInfo, nameText } from './control/answer-info.js';
import { answerModel } from './control/answer-model.js';
import { serveStatuses } from './control/serve-statuses.js';
import { describeFully } from './describe-fully.js';
import { type AnnouncedParts, describePeer, infoFigures, type PeerParts } from './describe-peer.js';
import { type HostedModel, openHostedModel } from './hosting/hosted-model.js';
import { PeerSpans } from './hosting/peer-spans.js';
import { type Placement, placeElsewhere, placePeer } from './hosting/place-peer.js';
import { roomFor } from './hosting/room-for.js';
import { joinSwarm } from './join-swarm.js';
import type { PeerEvent } from './peer-events.js';
import type { PeerOptions, PeerStatus } from './peer-options.js';
import { createRebalancer } from './rebalance/create-rebalancer.js';
import type { MoveEvent } from './rebalance/move-events.js';
import { rebalanceLimits } from './rebalance/rebalance-limits.js';
import type { Rebalancer } from './rebalance/rebalancer.js';
import type { DrainOptions } from './session/drain-sessions.js';
import { checkDrainTimeout } from './session/drain-sessions.js';

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
  /** What it answers to an observer; null until it is ready. */
  fullStatus(): Omit<StatusMessage, 'type'> | null;
  /** Counts of all that it does, for metrics. */
  readonly activity: PeerActivity;
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

class SwarmPeer implements Peer {
  readonly #options: PeerOptions;
  readonly #abort = new AbortController();
  readonly #hurry = new AbortController();
  readonly #clock: Clock;
  readonly #name: string;
  readonly activity: PeerActivity;
  /** What was started, to be stopped in reverse order. */
  readonly #stops: (() => Promise<unknown>)[] = [];
  #network: { node: SkeinNode; directory: Directory } | null = null;
  #parts: PeerParts | null = null;
  #rebalancer: Rebalancer | null = null;
  #started: Promise<PeerStatus> | null = null;
  #stopped: Promise<void> | null = null;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#name = nameText(options.name ?? hostname());
    this.activity = new PeerActivity(() => this.#clock.now());
  }

  get network(): { readonly node: SkeinNode; readonly directory: Directory } | null {
    return this.#network;
  }

  status(): PeerStatus | null {
    return this.#parts === null ? null : describePeer(this.#parts);
  }

  fullStatus(): Omit<StatusMessage, 'type'> | null {
    const parts = this.#parts;
    return parts === null ? null : this.#describeFully(parts);
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
    const { node, directory, privateKey } = await joinSwarm(this.#options, {
      model,
      clock: this.#clock,
      signal,
      onStarted: (stop) => this.#stops.push(stop),
      onEvent: (event) => this.#emit(event),
      onListening: (network) => {
        this.#network = network;
      },
    });
    const placement = placePeer(this.#options, model, {
      others: this.#others(directory, model),
      random: this.#options.random ?? Math.random,
    });
    const { span, ends, reason } = placement;
    this.#emit({ type: 'placed', span, ends, reason });
    const spans = this.#createSpans(node, model, placement);
    const rebalanceMs = this.#rebalanceMs();
    const isMovable = rebalanceMs !== null;
    const announced = { node, name: this.#name, model, spans, isMovable };
    const announcer = this.#announceJoining(directory, announced);
    await spans.load(placement, signal);
    if (!spans.promote()) throw new SkeinError('engine-failed', 'the engine failed at once');
    const startedAtMs = this.#clock.now();
    const uptimeMs = () => this.#clock.now() - startedAtMs;
    const parts = { ...announced, announcer, uptimeMs };
    this.#parts = parts;
    await this.#serve(parts, { directory, privateKey });
    signal.throwIfAborted();
    await announcer.announce('serving');
    if (rebalanceMs !== null) this.#rebalance(parts, directory, rebalanceMs);
    const status = describePeer(parts);
    this.#emit({ type: 'ready', ...status });
    return status;
  }

  #others(directory: Directory, model: HostedModel) {
    const own: PeerId | undefined = this.#network?.node.peer;
    return directory
      .records()
      .filter(({ peerId, body }) => peerId !== own && body.model === model.hash);
  }

  #createSpans(node: SkeinNode, model: HostedModel, placement: Placement): PeerSpans {
    const spans = new PeerSpans(placement, {
      node,
      model: model.hash,
      clock: this.#clock,
      loadEngine: (wanted, signal) => this.#loadEngine(wanted, signal),
      events: {
        onSessionOpened: ({ id, client }) =>
          this.#emit({ type: 'session-opened', session: id, client }),
        onSessionClosed: ({ id, client, tokens }) =>
          this.#emit({ type: 'session-closed', session: id, client, tokens }),
        onStep: (report) => this.activity.addStep(report),
        onRelinked: () => this.activity.addRelink(),
        onSuccessorLost: (loss) => this.activity.addSuccessorLoss(loss),
      },
      onEngineFailure: (event) => this.#onEngineFailure(event),
      hurry: this.#hurry.signal,
    });
    // A move that drains does not hold up a stop: without engines it is over.
    this.#stops.push(async () => this.#rebalancer?.stop());
    this.#stops.push(() => spans.stop());
    return spans;
  }

  /** From now on newcomers count with this peer's blocks. */
  #announceJoining(directory: Directory, announced: AnnouncedParts): Announcer {
    const announcer = new Announcer({
      directory,
      clock: this.#clock,
      describe: () => infoFigures.announced(announced),
    });
    this.#stops.push(async () => announcer.stop());
    // It goes on being told; a failure here shows when `serving` is announced.
    announcer.announce('joining').catch(() => undefined);
    return announcer;
  }

  #loadEngine(placement: Placement, signal: AbortSignal): Promise<Engine> {
    const { modelPath, engine, weightType, device, kvType, threads } = this.#options;
    const { deviceIndex, deviceMemoryBytes, deviceBlocksMax, sharesWeights } = this.#options;
    const create = this.#options.createEngine ?? createEngine;
    const { span, ends, kvTokensMax } = placement;
    return create({
      modelPath,
      span,
      ends,
      kvTokensMax,
      weightType: weightType ?? 'keep',
      device: device ?? 'auto',
      kvType: kvType ?? 'f16',
      ...(engine === undefined ? {} : { engine }),
      ...(threads === undefined ? {} : { threads }),
      ...(deviceIndex === undefined ? {} : { deviceIndex }),
      ...(deviceMemoryBytes === undefined ? {} : { deviceMemoryBytes }),
      ...(deviceBlocksMax === undefined ? {} : { deviceBlocksMax }),
      ...(sharesWeights === undefined ? {} : { sharesWeights }),
      signal,
      onProgress: (progress) => this.#emit({ type: 'loading', ...progress }),
      onFallback: (passedOver, error) => {
        const message = `The device ${passedOver} is passed over: ${error.message}`;
        this.#emit({ type: 'warning', message, error: toSkeinError(error) });
      },
    });
  }

  async #serve(
    parts: PeerParts,
    { directory, privateKey }: { directory: Directory; privateKey: PrivateKey },
  ): Promise<void> {
    const { node, spans, model, announcer } = parts;
    await spans.serve();
    await node.serve(modelProtocol, modelRequestSchema, answerModel(model.parts));
    const source = { record: () => announcer.record, figures: () => infoFigures.live(parts) };
    await node.serve(infoProtocol, infoRequestSchema, answerInfo(source));
    const stop = await serveStatuses({
      node,
      clock: this.#clock,
      wallClock: Date.now,
      privateKey,
      describe: () => this.#describeFully(parts),
      addressesOf: (peer) => directory.get(peer)?.body.multiaddrs ?? null,
    });
    this.#stops.push(async () => stop());
  }

  #describeFully(parts: PeerParts): Omit<StatusMessage, 'type'> {
    const isMember = (peer: PeerId) => this.#network?.directory.get(peer) != null;
    return describeFully(parts, { activity: this.activity, isMember });
  }

  /** Null where the operator said what to host, or that the peer is to stay. */
  #rebalanceMs(): number | null {
    const { rebalanceMs, span } = this.#options;
    if (rebalanceMs !== undefined) return rebalanceMs;
    return span === undefined ? rebalanceLimits.intervalMs : null;
  }

  #rebalance(parts: PeerParts, directory: Directory, intervalMs: number): void {
    const { node, model, spans, announcer } = parts;
    const peer = { options: this.#options, model };
    const rebalancer = createRebalancer({
      node,
      directory,
      model: { hash: model.hash, blockCount: model.file.config.blockCount },
      onDisk: model.onDisk,
      spans,
      announcer,
      clock: this.#clock,
      wallClock: Date.now,
      random: this.#options.random ?? Math.random,
      intervalMs,
      placeAt: (span) => placeElsewhere(spans.placement, span, peer),
      room: (placement) => roomFor(placement, peer),
      onEvent: (event) => this.#onMoveEvent(event, announcer),
      onError: (thrown) => this.#warn('While looking for a better span', thrown),
    });
    this.#rebalancer = rebalancer;
    rebalancer.start();
  }

  #onMoveEvent(event: MoveEvent, announcer: Announcer): void {
    this.#emit(event);
    const isLost = event.type === 'move-cancelled' && announcer.state === 'gone';
    if (!isLost || this.#stopped !== null) return;
    const error = event.error ?? new SkeinError('engine-failed', event.reason);
    this.#emit({ type: 'engine-gave-up', error });
  }

  #onEngineFailure(event: EngineFailure): void {
    const announcer = this.#parts?.announcer;
    if (this.#stopped !== null || announcer === undefined) return;
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
    announcer
      .announce(state)
      .catch((thrown: unknown) => this.#warn('The swarm was not told', thrown));
  }

  #warn(what: string, thrown: unknown): void {
    const error = toSkeinError(thrown);
    this.#emit({ type: 'warning', message: `${what}: ${error.message}`, error });
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

  async #leave({ announcer, spans }: PeerParts): Promise<void> {
    await this.#rebalancer?.stop();
    const { hosts } = spans;
    for (const host of hosts) host.isDraining = true;
    // Whoever the goodbye does not reach learns it from the record's end.
    await announcer.announce('draining').catch(() => undefined);
    const { drainTimeoutMs } = this.#options;
    const drain: DrainOptions = {
      signal: this.#hurry.signal,
      ...(drainTimeoutMs === undefined ? {} : { timeoutMs: drainTimeoutMs }),
      onProgress: (progress) => this.#emit({ type: 'draining', ...progress }),
    };
    await Promise.all(hosts.map((host) => host.drain(drain)));
    await announcer.announce('gone').catch(() => undefined);
    const why = new SkeinError('draining', 'this peer leaves the swarm');
    await Promise.all(hosts.map((host) => host.endAll(why)));
  }

  async #stopAll(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) {
      // The rest must be freed whatever becomes of one.
      await stop().catch((error: unknown) => this.#warn('While stopping', error));
    }
  }

  #emit(event: PeerEvent): void {
    this.activity.addEvent(event);
    this.#options.onEvent?.(event);
  }
}

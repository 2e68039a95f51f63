import type { PeerId } from '@skein/protocol';
import type { SentMessage, SimNetwork } from '../network/sim-network.js';
import type { SimClient } from '../swarm/sim-client.js';
import type { SimPeer } from '../swarm/sim-peer.js';
import type { Trace } from '../world/trace.js';
import type { Scenario } from './draw-scenario.js';
import type { Fault, LinkEnd, LinkFaultKind, PeerFaultKind } from './fault-types.js';

/** A fault that struck. */
export interface FaultRecord {
  readonly atMs: number;
  readonly endsAtMs: number;
  readonly kind: Fault['kind'];
  /** The peer concerned, or the two ends of the link. */
  readonly parties: readonly PeerId[];
}

interface Armed {
  readonly fault: Fault & { readonly message: NonNullable<Fault['message']> };
  seen: number;
}

/** Makes things go wrong as the scenario has it, and keeps a record of what it did. */
export class FaultInjector {
  readonly records: FaultRecord[] = [];
  /** Clients whose machines died: nobody waits for them. */
  deadClients = 0;
  readonly #scenario: Scenario;
  readonly #network: SimNetwork;
  readonly #trace: Trace;
  readonly #peers: readonly (SimPeer | null)[];
  readonly #clients: readonly SimClient[];
  readonly #start: (index: number) => void;
  readonly #armed = new Set<Armed>();
  /** What is still to be undone, each once. */
  readonly #undo = new Set<() => void>();
  #isOver = false;

  constructor(options: {
    scenario: Scenario;
    network: SimNetwork;
    trace: Trace;
    peers: readonly (SimPeer | null)[];
    clients: readonly SimClient[];
    start: (index: number) => void;
  }) {
    this.#scenario = options.scenario;
    this.#network = options.network;
    this.#trace = options.trace;
    this.#peers = options.peers;
    this.#clients = options.clients;
    this.#start = options.start;
  }

  arm(): void {
    const { time } = this.#network;
    for (const fault of this.#scenario.faults) {
      time.schedule(fault.atMs, () => {
        if (this.#isOver) return;
        if (fault.message === null) this.#strike(fault, null);
        else this.#armed.add({ fault: fault as Armed['fault'], seen: 0 });
      });
    }
    this.#network.onMessage = (message) => this.#onMessage(message);
  }

  /** Ends all that goes on, and lets nothing else go wrong. */
  mendAll(): void {
    this.#isOver = true;
    this.#armed.clear();
    for (const undo of [...this.#undo]) undo();
  }

  #onMessage(message: SentMessage): void {
    for (const armed of this.#armed) {
      const { type, nth } = armed.fault.message;
      if (type !== message.type) continue;
      armed.seen += 1;
      if (armed.seen < nth) continue;
      this.#armed.delete(armed);
      // With the message on its way: not in the middle of what its sender does.
      this.#network.time.schedule(armed.fault.strength * 2, () => {
        if (!this.#isOver) this.#strike(armed.fault, message);
      });
    }
  }

  #strike(fault: Fault, message: SentMessage | null): void {
    if (fault.on === 'link') this.#strikeLink(fault.kind, fault.ends, fault);
    else if (fault.on === 'client') this.#strikeClient(fault.client, fault);
    else {
      const index = fault.peer ?? this.#partyOf(message, fault.strength);
      if (index !== null) this.#strikePeer(fault.kind, index, fault);
    }
  }

  /** A peer that sent or gets the message, if something may happen to it. */
  #partyOf(message: SentMessage | null, strength: number): number | null {
    if (message === null) return null;
    const parties = [message.from.peer, message.to];
    if (strength < 0.5) parties.reverse();
    for (const party of parties) {
      const index = this.#scenario.peers.findIndex(({ peer }) => peer === party);
      if (index >= 0 && !this.#scenario.peers[index]?.isSafe) return index;
    }
    return null;
  }

  #strikePeer(kind: PeerFaultKind, index: number, fault: Fault): void {
    const peer = this.#peers[index];
    if (peer == null || peer.node.isDead) return;
    this.#record(kind, [peer.node.peer], fault);
    const { engine, node } = peer;
    const count = 1 + Math.floor(fault.strength * 3);
    switch (kind) {
      case 'crash':
      case 'power-loss':
        peer.crash({ silent: kind === 'power-loss' });
        this.#startAgain(index, fault);
        return;
      case 'leave':
        // Sessions that nobody else can take keep it for a while.
        void peer.leave().then(() => this.#startAgain(index, fault));
        return;
      case 'hang':
        node.pause();
        this.#undoLater(fault, () => node.resume());
        return;
      case 'stick':
        engine.stick();
        this.#undoLater(fault, () => engine.unstick());
        return;
      case 'slow':
        engine.slowness = 10 + 90 * fault.strength;
        this.#undoLater(fault, () => {
          engine.slowness = 1;
        });
        return;
      case 'engine-abort':
        engine.crash(fault.durationMs / 4);
        return;
      case 'nan-output':
        engine.poisonedOutputs += count;
        return;
      case 'wire-nan':
        node.wire.inject('nan', count);
        return;
      case 'wire-shape':
        node.wire.inject('shape', count);
        return;
      case 'wire-corrupt':
        node.wire.inject('corrupt', count);
        return;
      case 'wire-duplicate':
        node.wire.inject('duplicate', count);
        return;
      case 'wire-loss':
        node.wire.inject('loss', count);
        return;
      case 'clock-skew':
        node.skewMs = (fault.strength - 0.5) * 600_000;
        this.#undoLater(fault, () => {
          node.skewMs = 0;
        });
        return;
      case 'lie': {
        const { boast } = peer;
        peer.boast = 10 ** (1 + 2 * fault.strength);
        engine.understatement = 10;
        this.#undoLater(fault, () => {
          peer.boast = boast;
          engine.understatement = 1;
        });
      }
    }
  }

  #startAgain(index: number, fault: Fault): void {
    // Some never come back.
    if (fault.strength > 0.8) return;
    this.#network.time.schedule(fault.durationMs, () => {
      if (this.#peers[index]?.node.isDead) this.#start(index);
    });
  }

  #strikeLink(kind: LinkFaultKind, ends: readonly [LinkEnd, LinkEnd], fault: Fault): void {
    const [left, right] = ends.map((end) => this.#peerOf(end)) as [PeerId, PeerId];
    this.#record(kind, [left, right], fault);
    const network = this.#network;
    const link = network.link(left, right);
    switch (kind) {
      case 'reset':
        network.reset(left, right);
        return;
      case 'partition':
        network.cut(left, right);
        this.#undoLater(fault, () => network.heal(left, right));
        return;
      case 'delay':
        link.delayFactor = 5 + 95 * fault.strength;
        this.#undoLater(fault, () => {
          link.delayFactor = 1;
        });
        return;
      case 'clog':
        link.clogFactor = 10 ** (2 + 3 * fault.strength);
        this.#undoLater(fault, () => {
          link.clogFactor = 1;
        });
        return;
      case 'loss':
        link.lossRatio = 0.05 + 0.4 * fault.strength;
        this.#undoLater(fault, () => {
          link.lossRatio = 0;
        });
    }
  }

  #strikeClient(index: number, fault: Fault): void {
    const client = this.#clients[index];
    if (client === undefined || client.node.isDead) return;
    // One that is done already is not to be counted twice.
    if (client.isFinished) return;
    this.#record('client-crash', [client.node.peer], fault);
    this.deadClients += 1;
    client.node.die({ silent: fault.strength < 0.5 });
  }

  #undoLater(fault: Fault, action: () => void): void {
    const undo = () => {
      if (this.#undo.delete(undo)) action();
    };
    this.#undo.add(undo);
    this.#network.time.schedule(fault.durationMs, undo);
  }

  #peerOf(end: LinkEnd): PeerId {
    if (end.kind === 'client') return (this.#clients[end.index] as SimClient).node.peer;
    return (this.#scenario.peers[end.index] as { peer: PeerId }).peer;
  }

  #record(kind: Fault['kind'], parties: readonly PeerId[], fault: Fault): void {
    const atMs = this.#network.time.nowMs;
    const names = parties.map((peer) => this.#network.find(peer)?.name ?? '(not started)');
    const seconds = (fault.durationMs / 1000).toFixed(1);
    const strength = fault.strength.toFixed(2);
    this.#trace.note(`FAULT ${kind} ${names.join('–')} for ${seconds} s, strength ${strength}`);
    // A message is spoilt later, if one comes that fits: then it counts.
    if (!kind.startsWith('wire-')) this.#network.countFault(kind);
    this.records.push({ atMs, endsAtMs: atMs + fault.durationMs, kind, parties });
  }
}

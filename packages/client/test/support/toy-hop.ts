import {
  type AheadMessage,
  bytesOf,
  type Ends,
  float32View,
  hasNonFinite,
  int32View,
  type KvMessage,
  type OpenMessage,
  type PeerId,
  type Received,
  type Span,
  type Standby,
  type StepMessage,
  type Successor,
  type Tensor,
  type ToClientMessage,
  type ToHopMessage,
  type TokenId,
} from '@skein/protocol';
import {
  randomFor,
  resolveSamplingOptions,
  sample,
  TokenHistory,
} from '../../src/sampling/index.js';
import type { ToyChannel } from './toy-channel.js';
import {
  logNormaliser,
  rowsToTensor,
  type ToyCache,
  type ToyRow,
  tensorToRows,
  toyBlock,
  toyEmbed,
  toyHiddenSize,
  toyLogits,
} from './toy-model.js';
import type { ToyPeer } from './toy-swarm.js';

/** What a fault rule sees of a step that a hop is about to compute. */
export interface StepContext {
  readonly peer: ToyPeer;
  readonly position: number;
  readonly rows: number;
  readonly end: number;
  readonly isReplay: boolean;
}

/**
 * What happens instead of the step; `kill-after` computes and forwards it first, `corrupt` and
 * `misshapen` spoil what it gives.
 */
export type FaultAction =
  | 'kill'
  | 'kill-after'
  | 'hang'
  | 'stick'
  | 'drop'
  | 'close'
  | 'corrupt'
  | 'misshapen'
  | { readonly code: string; readonly endsStream?: boolean };

/** A piece of cache as it is sent. */
export interface ToyPiece {
  readonly message: Omit<KvMessage, 'tensors'>;
  readonly tensors: readonly Tensor[];
}

/** One session on a toy peer, by the letter of `messages/session.ts`. */
export class ToyHop {
  readonly peer: ToyPeer;
  readonly session: string;
  readonly span: Span;
  readonly ends: Ends;
  readonly #open: OpenMessage;
  readonly #channel: ToyChannel<object>;
  readonly #caches: ToyCache[];
  #epoch: number;
  #ahead: { to: number; plan: NonNullable<AheadMessage['plan']> } | null = null;
  #successor: Successor | null;
  #standbys: { readonly target: Standby; sentTo: number }[] = [];
  #outputs: ToyRow[] = [];
  #historyStart = 0;
  #received: number | null = null;
  #completed: number | null = null;
  /** A step failed: those after it cannot be computed until the client truncates. */
  #hasFailed = false;
  #dropped: { message: StepMessage; tensors: readonly Tensor[] } | null = null;

  constructor(peer: ToyPeer, channel: ToyChannel<object>, open: OpenMessage) {
    this.peer = peer;
    this.session = open.session;
    this.span = open.span;
    this.ends = open.ends;
    this.#open = open;
    this.#channel = channel;
    this.#caches = Array.from({ length: open.span.end - open.span.start }, () => []);
    this.#epoch = open.epoch;
    this.#successor = open.successor;
  }

  get length(): number {
    return this.#caches[0]?.length ?? 0;
  }

  onMessage({ message, tensors }: Received<ToHopMessage>): void {
    switch (message.type) {
      case 'step':
        this.step(message, tensors);
        return;
      case 'ahead':
        this.#goAhead(message);
        return;
      case 'truncate':
        this.#truncate(message);
        return;
      case 'link':
        if (message.epoch !== this.#epoch) this.peer.violation(`link in epoch ${message.epoch}`);
        this.#successor = message.successor;
        this.#standbys = (message.standbys ?? []).map((target) => ({
          target,
          sentTo: target.from,
        }));
        this.#feedStandbys();
        this.answer({ type: 'linked', epoch: message.epoch });
        return;
      case 'replay':
        this.#replay(message);
        return;
      case 'probe': {
        const { probe } = message;
        const [received, completed] = [this.#received, this.#completed];
        const { queuedRows } = this.peer;
        this.answer({ type: 'probed', probe, received, completed, queuedRows });
        return;
      }
      case 'hand-over':
        this.#handOver(message);
        return;
      case 'kv-export':
        for (const piece of this.#pieces(message)) this.answer(piece.message, piece.tensors);
        return;
      case 'kv':
        this.takePiece({ message, tensors });
        return;
      default:
        this.peer.violation(`unexpected ${message.type}`);
    }
  }

  /** The peer from which a cache may come over a push stream. */
  get donor(): PeerId | undefined {
    return this.#open.takesOverFrom;
  }

  /** A piece of cache, from the client or from a hop that leaves. */
  takePiece({ message, tensors }: Received<KvMessage>): void {
    if (this.#epoch !== this.#open.epoch) return;
    const fault = this.peer.pieceFault;
    if (fault === 'drop') return;
    if (fault === 'kill') {
      this.peer.kill();
      return;
    }
    if (message.position + message.count > this.peer.kvTokens) {
      this.error('kv-full', { step: 0, epoch: this.#epoch });
      this.#hasFailed = false;
      return;
    }
    const cache = this.#caches[message.block - this.span.start] as ToyCache;
    const words = float32View((tensors[0] as Tensor).bytes.slice());
    for (let row = 0; row < message.count; row += 1) {
      const [high = 0, low = 0] = words.subarray(row * toyHiddenSize);
      cache[message.position + row] = (high * 0x1_0000 + low) >>> 0;
    }
    if (message.length === undefined) return;
    if (this.#caches.some((tokens) => tokens.length !== message.length)) {
      this.peer.violation('a part of the cache is missing');
    }
    this.#historyStart = message.length;
    this.peer.imports += 1;
    this.answer({ type: 'kv-imported', position: message.length });
  }

  /** A step, from the client (null) or from a predecessor. */
  step(message: StepMessage, tensors: readonly Tensor[], from: PeerId | null = null): void {
    if (message.epoch < this.#epoch) return;
    if (message.epoch > this.#epoch) this.peer.violation(`step of future epoch ${message.epoch}`);
    const { step, position, rows } = message;
    this.#received = step;
    if (this.#hasFailed) return;
    if (!this.#fits(message, tensors[0] as Tensor)) {
      if (from === null) this.peer.violation('the client passed on what it should have refused');
      this.error('bad-output', { ...message, ...(from !== null && { about: from }) });
      return;
    }
    const isReplay = message.until !== undefined;
    const context = { peer: this.peer, position, rows, end: position + rows, isReplay };
    const fault = this.peer.faultFor(context);
    const isSpoilt = fault === 'corrupt' || fault === 'misshapen';
    if (fault !== null && fault !== 'kill-after' && !isSpoilt) {
      if (fault === 'drop') this.#dropped = { message, tensors };
      this.#failStep(fault, message);
      return;
    }
    if (this.peer.isHung || this.peer.isStuck) return;
    if (position !== this.length) {
      this.peer.violation(`${this.peer.name}: step at ${position}, length ${this.length}`);
      this.error('position-mismatch', message);
      return;
    }
    if (this.length + rows > this.peer.kvTokens) {
      this.error('kv-full', message);
      return;
    }
    const output = this.#compute(tensors[0] as Tensor);
    this.#completed = step;
    if (isReplay) this.peer.replayedRows += rows;
    const trace = [...message.trace, 100, 1000 * this.peer.blockMs * this.#caches.length];
    this.#pass({ ...message, trace }, output, isSpoilt ? fault : null);
    if (fault === 'kill-after') queueMicrotask(() => this.peer.kill());
  }

  answer(message: object, tensors?: readonly Tensor[]): void {
    if (this.peer.isHung || this.#channel.isClosed) return;
    this.#channel.send(message as ToClientMessage, tensors);
  }

  error(code: string, cause: { step?: number; epoch?: number; about?: PeerId }): void {
    this.#hasFailed = true;
    this.#report(code, cause);
  }

  #report(code: string, cause: { step?: number; epoch?: number; about?: PeerId }): void {
    const { step, epoch, about } = cause;
    const optional = { ...(step !== undefined && { step }), ...(about !== undefined && { about }) };
    this.answer({ type: 'error', code, message: `toy ${code}`, epoch: epoch ?? 0, ...optional });
  }

  /** Computes the step that was last kept back by a `drop`. */
  resume(): void {
    const dropped = this.#dropped;
    this.#dropped = null;
    if (dropped !== null) this.step(dropped.message, dropped.tensors);
  }

  /** Ends the stream in order. */
  end(): void {
    void this.#channel.close();
  }

  drop(): void {
    if (!this.#channel.isClosed) this.#channel.abort(new Error('toy'));
  }

  #goAhead({ epoch, to, plan }: AheadMessage): void {
    if (!this.ends.head) this.peer.violation('ahead to a hop without the head');
    if (epoch !== this.#epoch) this.peer.violation(`ahead in epoch ${epoch}`);
    const before = plan ?? this.#ahead?.plan;
    if (before === undefined) this.peer.violation('ahead without a plan');
    else this.#ahead = { to, plan: before };
  }

  /** The token that the session goes on with after a step, and that step. */
  #drawAhead(message: StepMessage, logits: Float32Array): TokenId | null {
    if (this.#ahead === null || message.logits !== 'last') return null;
    const { to, plan } = this.#ahead;
    if (this.length >= to) return null;
    const { seed, ...settings } = plan.sampling;
    const drawn = sample({
      row: { kind: 'full', logits },
      settings: resolveSamplingOptions(settings),
      history: new TokenHistory(),
      random: randomFor(settings, seed, this.length),
    });
    if (drawn.kind !== 'token') return null;
    const { step, epoch, topK } = message;
    const next = { type: 'step', step: step + 1, epoch, position: this.length, rows: 1 };
    const whole = { ...next, logits: 'last', ...(topK !== undefined && { topK }), trace: [] };
    const shown = this.peer.liesAhead ? (drawn.token + 1) % logits.length : drawn.token;
    const tensor: Tensor = { type: 'i32', shape: [1], bytes: bytesOf(Int32Array.of(shown)) };
    this.peer.stepsAhead += 1;
    const { first } = plan;
    if (first === null) {
      queueMicrotask(() =>
        this.step({ ...whole, tensors: [] } as unknown as StepMessage, [tensor]),
      );
    } else if (!this.peer.swarm.push(this.peer, first.peer, this.session, whole, tensor)) {
      this.#report('peer-unreachable', { step, epoch, about: first.peer });
    }
    return shown as TokenId;
  }

  #handOver(message: Extract<ToHopMessage, { type: 'hand-over' }>): void {
    const { epoch, session, peer: to } = message;
    if (epoch < this.#epoch) this.peer.violation(`hand-over in epoch ${epoch}`);
    this.#epoch = epoch;
    const { swarm, handOverFault } = this.peer;
    if (handOverFault === 'kill') {
      this.peer.kill();
      return;
    }
    if (handOverFault === 'silent') return;
    let bytes = 0;
    for (const piece of this.#pieces({ ...message, from: 0 })) {
      if (!swarm.pushPiece(this.peer, to, session, piece)) {
        this.answer({ type: 'handed-over', epoch, bytes, failure: 'peer-unreachable' });
        return;
      }
      bytes += piece.tensors.reduce((sum, tensor) => sum + tensor.bytes.byteLength, 0);
    }
    this.answer({ type: 'handed-over', epoch, bytes });
  }

  /** Five tokens a piece, so that there are several of a block. */
  *#pieces(range: { span: Span; from: number; to: number }): Generator<ToyPiece> {
    const { span, from, to } = range;
    const isThere = span.start >= this.span.start && span.end <= this.span.end && to <= this.length;
    if (!isThere) this.peer.violation(`a cache of ${to} tokens where ${this.length} are`);
    for (let block = span.start; block < span.end; block += 1) {
      for (let position = from; position < to; position += 5) {
        const cache = this.#caches[block - this.span.start] as ToyCache;
        const digests = cache.slice(position, Math.min(position + 5, to));
        const words = digests.flatMap((digest) => [digest >>> 16, digest & 0xffff, 0, 0]);
        const shape = [digests.length, toyHiddenSize];
        const tensor: Tensor = { type: 'f32', shape, bytes: bytesOf(Float32Array.from(words)) };
        const isLast = block === span.end - 1 && position + digests.length === to;
        const length = isLast ? { length: to } : {};
        const message = { type: 'kv', block, position, count: digests.length, ...length } as const;
        yield this.peer.spoil({ message, tensors: [tensor, tensor] });
      }
    }
  }

  #failStep(fault: Exclude<FaultAction, Spoilt | 'kill-after'>, message: StepMessage): void {
    if (fault === 'kill') this.peer.kill();
    else if (fault === 'hang') this.peer.isHung = true;
    else if (fault === 'stick') this.peer.isStuck = true;
    else if (fault === 'close') {
      this.peer.hops.delete(this.session);
      void this.#channel.close();
    } else if (fault !== 'drop') {
      const { step, epoch } = message;
      this.error(fault.code, fault.endsStream ? { epoch } : { step, epoch });
      if (!fault.endsStream) return;
      this.peer.hops.delete(this.session);
      void this.#channel.close();
    }
  }

  #fits(message: StepMessage, tensor: Tensor): boolean {
    if (this.ends.embedding) return true;
    const [rows, width] = tensor.shape;
    return rows === message.rows && width === toyHiddenSize && !hasNonFinite(tensor);
  }

  #compute(input: Tensor): ToyRow[] {
    const rows = this.ends.embedding
      ? Array.from(int32View(input.bytes), toyEmbed)
      : tensorToRows(input);
    return rows.map((row) => {
      let hidden = row;
      for (const [index, cache] of this.#caches.entries()) {
        hidden = toyBlock(this.span.start + index, cache, hidden);
      }
      return hidden;
    });
  }

  #pass(message: StepMessage, output: readonly ToyRow[], spoilt: Spoilt | null): void {
    this.#outputs.push(...output);
    const surplus = this.#outputs.length - this.peer.historyRows;
    if (surplus > 0) {
      this.#outputs.splice(0, surplus);
      this.#historyStart += surplus;
    }
    const endsHere = this.ends.head || message.until === this.span.end;
    if (endsHere) this.#sendResult(message, output, spoilt);
    else this.#forward(message, spoil(rowsToTensor(output), spoilt));
    this.#feedStandbys();
  }

  /** Sends each standby what it lacks, as one step. */
  #feedStandbys(): void {
    for (const standby of this.#standbys) {
      const { target, sentTo } = standby;
      const { peer, until } = target;
      if (sentTo >= this.length) continue;
      standby.sentTo = this.length;
      const cause = { step: this.#completed ?? 0, epoch: this.#epoch, about: peer };
      if (sentTo < this.#historyStart || this.peer.forgetsHistory) {
        this.#report('history-gone', cause);
        continue;
      }
      const rows = this.#outputs.slice(sentTo - this.#historyStart);
      const { step, epoch } = cause;
      const message = { type: 'step', step, epoch, position: sentTo, rows: rows.length, until };
      const tensor = rowsToTensor(rows);
      const whole = { ...message, trace: [] };
      const isSent = this.peer.swarm.push(this.peer, peer, this.session, whole, tensor);
      if (!isSent) this.#report('peer-unreachable', cause);
    }
  }

  #sendResult(message: StepMessage, output: readonly ToyRow[], spoilt: Spoilt | null): void {
    const { step, epoch, trace } = message;
    const result = { type: 'result', step, epoch, position: this.length, trace };
    if (message.logits === undefined) {
      this.answer(result, []);
      return;
    }
    const rows = message.logits === 'all' ? output : output.slice(-1);
    const { vocabSize } = this.peer.swarm.model;
    const full = rows.map((row) => toyLogits(row, vocabSize));
    const normalisers = Float32Array.from(full, logNormaliser);
    const honest: Tensor = { type: 'f32', shape: [rows.length], bytes: bytesOf(normalisers) };
    const last = spoil(honest, spoilt);
    const { topK = 0, targets } = message;
    const told = (targets ?? []).map((token, row) => full[row]?.[token] as number);
    const shape = [told.length];
    const chosen: Tensor = { type: 'f32', shape, bytes: bytesOf(Float32Array.from(told)) };
    const ends = targets === undefined ? [last] : [last, chosen];
    const next = this.#drawAhead(message, full.at(-1) as Float32Array);
    if (next !== null) Object.assign(result, { next });
    if (topK === 0) {
      this.answer(result, [floats(full, vocabSize), ...ends]);
      return;
    }
    const ids = full.map((logits) =>
      Int32Array.from(logits.keys())
        .sort((a, b) => (logits[b] as number) - (logits[a] as number) || a - b)
        .slice(0, topK),
    );
    const tops = full.map((logits, row) =>
      Float32Array.from(ids[row] as Int32Array, (id) => logits[id] as number),
    );
    const flat = Int32Array.from(ids.flatMap((row) => [...row]));
    const idTensor: Tensor = { type: 'i32', shape: [rows.length, topK], bytes: bytesOf(flat) };
    this.answer(result, [idTensor, floats(tops, topK), ...ends]);
  }

  #forward(message: StepMessage, tensor: Tensor): void {
    const { tensors: _layouts, ...step } = message;
    if (this.#successor === null) {
      this.peer.violation('no successor to forward to');
      return;
    }
    if (this.#successor.kind === 'client') {
      this.answer(step, [tensor]);
      return;
    }
    const { peer } = this.#successor;
    const isSent = this.peer.swarm.push(this.peer, peer, this.session, step, tensor);
    if (!isSent)
      this.error('peer-unreachable', { step: step.step, epoch: step.epoch, about: peer });
  }

  #truncate({ epoch, position }: { epoch: number; position: number }): void {
    if (epoch <= this.#epoch) this.peer.violation(`truncate to epoch ${epoch} in ${this.#epoch}`);
    this.#epoch = epoch;
    this.#ahead = null;
    this.#standbys = [];
    this.#hasFailed = false;
    const length = Math.min(position, this.length);
    for (const cache of this.#caches) cache.length = length;
    this.#historyStart = Math.min(this.#historyStart, length);
    this.#outputs.length = Math.min(this.#outputs.length, length - this.#historyStart);
    const historyStart = this.#historyStart;
    this.answer({ type: 'truncated', epoch, position: length, historyStart });
  }

  /** Steps of three rows, so that they never fall together with the client's chunks. */
  #replay(message: Extract<ToHopMessage, { type: 'replay' }>): void {
    const { epoch, from, to, until } = message;
    if (epoch !== this.#epoch) this.peer.violation(`replay in epoch ${epoch}`);
    if (from < this.#historyStart || this.peer.forgetsHistory) {
      this.error('history-gone', { step: message.step, epoch });
      return;
    }
    let steps = 0;
    for (let position = from; position < to; position += 3) {
      const offset = position - this.#historyStart;
      const rows = this.#outputs.slice(offset, offset + Math.min(3, to - position));
      const step = message.step + steps;
      steps += 1;
      this.#forward(
        {
          type: 'step',
          step,
          epoch,
          position,
          rows: rows.length,
          until,
          trace: [],
          tensors: [],
        } as unknown as StepMessage,
        rowsToTensor(rows),
      );
    }
    this.answer({ type: 'replayed', epoch, steps });
  }
}

type Spoilt = 'corrupt' | 'misshapen';

/** A tensor of NaNs, or of one number too many. */
function spoil(tensor: Tensor, spoilt: Spoilt | null): Tensor {
  if (spoilt === null) return tensor;
  if (spoilt === 'corrupt') return { ...tensor, bytes: tensor.bytes.slice().fill(0xff) };
  const [rows = 0, width] = tensor.shape;
  if (width === undefined) {
    const bytes = new Uint8Array(tensor.bytes.byteLength + 4);
    return { ...tensor, shape: [rows + 1], bytes };
  }
  const bytes = new Uint8Array((tensor.bytes.byteLength / width) * (width + 1));
  return { ...tensor, shape: [rows, width + 1], bytes };
}

function floats(rows: readonly Float32Array[], width: number): Tensor {
  const values = new Float32Array(rows.length * width);
  for (const [index, row] of rows.entries()) values.set(row, index * width);
  return { type: 'f32', shape: [rows.length, width], bytes: bytesOf(values) };
}

import { SkeinError } from '@skein/protocol';
import type { Edge, Loop, State } from './automaton.js';
import { grammarLimits } from './grammar-limits.js';

/** What is to be gone on with when a rule, or a round of a loop, has ended. */
interface Frame {
  readonly id: number;
  readonly parent: Frame | null;
  readonly after: State | null;
  readonly loop: Loop | null;
  /** Rounds of the loop, the running one included. */
  readonly round: number;
  readonly depth: number;
  /** Tokens that are enough for what is left. */
  readonly cost: number;
}

/** One way to read the text so far: where it has come to, and what is open around it. */
interface Reading {
  readonly state: State;
  readonly frame: Frame | null;
}

/** All ways to read a text so far. Equal ones are the same object. */
export interface ReadingSet {
  readonly readings: readonly Reading[];
  /** The text may end here. */
  readonly isComplete: boolean;
  /** Tokens that are enough to complete the text. */
  readonly cost: number;
  /** By byte; undefined where it was not looked at yet, null where the byte does not fit. */
  readonly next: (ReadingSet | null | undefined)[];
}

/** Reads texts byte by byte, and remembers what it has found. */
export class Readings {
  readonly start: ReadingSet;
  /** Readings that were looked at so far. */
  work = 0;
  readonly #frames = new Map<string, Frame>();
  readonly #sets = new Map<string, ReadingSet>();
  #frameCount = 0;

  constructor(root: State) {
    this.start = this.#collect([{ state: root, frame: null }]) as ReadingSet;
  }

  /** Reads one byte; null when it does not fit. */
  step(set: ReadingSet, byte: number): ReadingSet | null {
    const known = set.next[byte];
    if (known !== undefined) return known;
    const targets: Reading[] = [];
    this.work += set.readings.length;
    for (const { state, frame } of set.readings) {
      for (const edge of state.edges) {
        if (fits(edge, byte)) targets.push({ state: edge.target, frame });
      }
    }
    const found = this.#collect(targets);
    set.next[byte] = found;
    return found;
  }

  /** Follows everything that reads nothing. */
  #collect(starts: readonly Reading[]): ReadingSet | null {
    const closure = new Closure(this);
    for (const { state, frame } of starts) closure.add(state, frame);
    const { readings, isComplete, key } = closure;
    if (readings.length === 0 && !isComplete) return null;
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    const costs = readings.map(({ state, frame }) => state.exitCost + (frame?.cost ?? 0));
    const cost = isComplete ? 0 : Math.min(...costs);
    const set: ReadingSet = { readings, isComplete, cost, next: [] };
    if (this.#sets.size >= grammarLimits.rememberedSetsMax) {
      this.#sets.clear();
      this.#frames.clear();
    }
    this.#sets.set(key, set);
    return set;
  }

  /** The frame of a call; none where nothing comes after it. Null: too deep. */
  callFrame(parent: Frame | null, after: State): Frame | null | undefined {
    if (after.isExit) return parent;
    const cost = after.exitCost + (parent?.cost ?? 0);
    return this.#frame(`${parent?.id}:${after.id}`, { parent, after, loop: null, round: 0, cost });
  }

  loopFrame(parent: Frame | null, loop: Loop, round: number): Frame | undefined {
    const left = Math.max(0, loop.min - round);
    const rest = left === 0 ? 0 : left * loop.bodyCost;
    const cost = rest + loop.after.exitCost + (parent?.cost ?? 0);
    const key = `${parent?.id}:loop${loop.id}:${round}`;
    return this.#frame(key, { parent, after: null, loop, round, cost });
  }

  #frame(key: string, fields: Omit<Frame, 'id' | 'depth'>): Frame | undefined {
    const known = this.#frames.get(key);
    if (known !== undefined) return known;
    const depth = (fields.parent?.depth ?? 0) + 1;
    if (depth > grammarLimits.nestingMax) return undefined;
    this.#frameCount += 1;
    const frame = { id: this.#frameCount, depth, ...fields };
    this.#frames.set(key, frame);
    return frame;
  }
}

/** Places that are passed on the way to one where a byte is read: a few, on average. */
const seenPerReading = 8;

/** Collects the places at which a byte is read. */
class Closure {
  readonly readings: Reading[] = [];
  isComplete = false;
  readonly #owner: Readings;
  readonly #seen = new Set<string>();
  readonly #pending: Reading[] = [];

  constructor(owner: Readings) {
    this.#owner = owner;
  }

  /** Names the set: the same places in the same surroundings. */
  get key(): string {
    const names = this.readings.map(nameOf);
    return `${this.isComplete ? '!' : ''}${names.sort().join(' ')}`;
  }

  /** A list of what is still to be followed, not recursion: hostile grammars nest deeply. */
  add(state: State, frame: Frame | null): void {
    this.#pending.push({ state, frame });
    for (;;) {
      const reading = this.#pending.pop();
      if (reading === undefined) return;
      this.#follow(reading);
    }
  }

  #follow(reading: Reading): void {
    const { state, frame } = reading;
    const name = nameOf(reading);
    if (this.#seen.has(name)) return;
    this.#seen.add(name);
    if (this.#seen.size > grammarLimits.readingsMax * seenPerReading) throw ambiguous();
    if (state.edges.length > 0) this.readings.push(reading);
    if (this.readings.length > grammarLimits.readingsMax) throw ambiguous();
    for (const alternative of state.alternatives) this.#pending.push({ state: alternative, frame });
    if (state.isExit) this.#leave(frame);
    if (state.loop !== null) this.#enter(state.loop, 0, frame);
    if (state.call !== null) {
      const { rule, after } = state.call;
      const inner = this.#owner.callFrame(frame, after);
      if (inner !== undefined) this.#pending.push({ state: rule.start, frame: inner });
    }
  }

  #leave(frame: Frame | null): void {
    if (frame === null) this.isComplete = true;
    else if (frame.loop !== null) this.#enter(frame.loop, frame.round, frame.parent);
    else this.#pending.push({ state: frame.after as State, frame: frame.parent });
  }

  #enter(loop: Loop, rounds: number, parent: Frame | null): void {
    if (rounds >= loop.min) this.#pending.push({ state: loop.after, frame: parent });
    if (rounds >= loop.max) return;
    const inner = this.#owner.loopFrame(parent, loop, rounds + 1);
    if (inner !== undefined) this.#pending.push({ state: loop.body, frame: inner });
  }
}

function nameOf({ state, frame }: Reading): string {
  return `${state.id}@${frame?.id ?? ''}`;
}

function fits({ first, last }: Edge, byte: number): boolean {
  return first <= byte && byte <= last;
}

function ambiguous(): SkeinError {
  const limit = grammarLimits.readingsMax;
  return new SkeinError('bad-argument', `the answer's format can be read in over ${limit} ways`);
}

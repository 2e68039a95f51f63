/** Events between two looks at the real event loop: it is where unhandled rejections show. */
const eventsPerTurn = 32;
/** Events of a run: the largest ones that end have a tenth of it. */
const eventsMaxDefault = 20_000_000;
/** Events without time going on: nothing that makes progress has so many at one moment. */
const eventsPerMomentMax = 200_000;

/** Thrown out of a run that does not come to an end: something happens again and again. */
export class Livelock extends Error {
  override readonly name = 'Livelock';
}

interface TimedEvent {
  readonly atMs: number;
  /** Events of one moment happen in the order in which they were scheduled. */
  readonly sequence: number;
  readonly action: () => void;
  isCancelled: boolean;
}

/**
 * Time that stands still while anything runs, and jumps to the next event when nothing does. The
 * code under test uses promises: before each event all of their reactions have run.
 */
export class VirtualTime {
  #nowMs = 0;
  #sequence = 0;
  #eventCount = 0;
  #eventsOfMoment = 0;
  readonly #eventsMax: number;
  readonly #heap: TimedEvent[] = [];

  constructor(options: { eventsMax?: number } = {}) {
    this.#eventsMax = options.eventsMax ?? eventsMaxDefault;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events so far. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Runs `action` later; the returned function cancels. */
  schedule(delayMs: number, action: () => void): () => void {
    const atMs = this.#nowMs + Math.max(0, Number.isFinite(delayMs) ? delayMs : 0);
    const event: TimedEvent = { atMs, sequence: this.#sequence, action, isCancelled: false };
    this.#sequence += 1;
    push(this.#heap, event);
    return () => {
      event.isCancelled = true;
    };
  }

  /** Resolves after some virtual time. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.schedule(delayMs, resolve));
  }

  /**
   * Lets events happen until `isDone` says so, or the clock passes `untilMs`.
   * @returns whether `isDone` said so
   * @throws Livelock when there were more events than any run needs
   */
  async run(options: { isDone: () => boolean; untilMs: number }): Promise<boolean> {
    for (;;) {
      await this.#settle();
      if (options.isDone()) return true;
      const event = pop(this.#heap);
      if (event === undefined) return false;
      if (event.isCancelled) continue;
      if (event.atMs > options.untilMs) {
        push(this.#heap, event);
        this.#nowMs = options.untilMs;
        return false;
      }
      this.#countEvent(event.atMs);
      this.#nowMs = event.atMs;
      event.action();
    }
  }

  #countEvent(atMs: number): void {
    this.#eventCount += 1;
    this.#eventsOfMoment = atMs > this.#nowMs ? 0 : this.#eventsOfMoment + 1;
    if (this.#eventsOfMoment > eventsPerMomentMax) {
      throw new Livelock(`over ${eventsPerMomentMax} events at ${atMs} ms, and time stands still`);
    }
    if (this.#eventCount > this.#eventsMax) {
      throw new Livelock(`over ${this.#eventsMax} events by ${atMs} ms`);
    }
  }

  /** All promise reactions run before the tick queue is looked at again. */
  #settle(): Promise<void> {
    if (this.#eventCount % eventsPerTurn === 0) {
      return new Promise((resolve) => setImmediate(resolve));
    }
    return new Promise((resolve) => process.nextTick(resolve));
  }
}

function isBefore(left: TimedEvent, right: TimedEvent): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.sequence < right.sequence);
}

function push(heap: TimedEvent[], event: TimedEvent): void {
  let index = heap.length;
  heap.push(event);
  while (index > 0) {
    const parent = (index - 1) >> 1;
    if (isBefore(heap[parent] as TimedEvent, event)) break;
    heap[index] = heap[parent] as TimedEvent;
    index = parent;
  }
  heap[index] = event;
}

function pop(heap: TimedEvent[]): TimedEvent | undefined {
  const top = heap[0];
  const last = heap.pop();
  if (top === undefined || last === undefined || heap.length === 0) return top;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && isBefore(heap[right] as TimedEvent, heap[child] as TimedEvent)) {
      child = right;
    }
    if (isBefore(last, heap[child] as TimedEvent)) break;
    heap[index] = heap[child] as TimedEvent;
    index = child;
  }
  heap[index] = last;
  return top;
}

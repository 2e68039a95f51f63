import { SkeinError } from '@skein/protocol';

/** One piece of work among many. */
export interface ParallelTask<Item, Event> {
  readonly item: Item;
  /** Place of the item in the source, from 0. */
  readonly index: number;
  /** Aborts when nobody listens any more, or the caller's signal does. */
  readonly signal: AbortSignal;
  /** Yields an event to whoever reads. */
  readonly emit: (event: Event) => void;
}

export interface ParallelOptions {
  /** Items at work at once. */
  readonly concurrency: number;
  /** Whether another item may be begun; asked anew whenever one ended. Default: always. */
  readonly mayBegin?: () => boolean;
  readonly signal?: AbortSignal;
}

/** Events that wait to be read before no further item is begun. */
const waitingEventsMax = 1024;

/**
 * Works on the items of a source, several at once, and yields what the work emits. Leaving the loop
 * aborts what is at work and waits for its end. What `work` throws ends everything.
 * @throws SkeinError `aborted`
 */
export async function* runParallel<Item, Event>(
  source: Iterable<Item> | AsyncIterable<Item>,
  work: (task: ParallelTask<Item, Event>) => Promise<void>,
  options: ParallelOptions,
): AsyncGenerator<Event, void, undefined> {
  const { signal } = options;
  const run = new ParallelRun(source, work, options);
  const abort = () => run.fail(new SkeinError('aborted', 'aborted by the caller'));
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  try {
    for (;;) {
      for (let event = run.take(); event !== undefined; event = run.take()) yield event;
      if (await run.isOver()) return;
    }
  } finally {
    signal?.removeEventListener('abort', abort);
    await run.stop();
  }
}

class ParallelRun<Item, Event> {
  readonly #items: Iterator<Item> | AsyncIterator<Item>;
  readonly #work: (task: ParallelTask<Item, Event>) => Promise<void>;
  readonly #concurrency: number;
  readonly #mayBegin: () => boolean;
  readonly #leave = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #events: Event[] = [];
  #filling: Promise<void> | null = null;
  #isExhausted = false;
  #begun = 0;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => {};

  constructor(
    source: Iterable<Item> | AsyncIterable<Item>,
    work: (task: ParallelTask<Item, Event>) => Promise<void>,
    { concurrency, mayBegin = () => true }: ParallelOptions,
  ) {
    this.#items =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
    this.#work = work;
    this.#concurrency = concurrency;
    this.#mayBegin = mayBegin;
  }

  take(): Event | undefined {
    return this.#events.shift();
  }

  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#leave.abort(error);
    this.#wake();
  }

  /** Waits for news; true when all is done. Throws what failed. */
  async isOver(): Promise<boolean> {
    if (this.#failure !== null) throw this.#failure.error;
    if (this.#hasPlace()) {
      this.#filling ??= this.#fill()
        .catch((error: unknown) => this.fail(error))
        .finally(() => {
          this.#filling = null;
          // A place may have become free since the last look.
          if (this.#isExhausted || this.#hasPlace()) this.#wake();
        });
    }
    const isIdle = () => this.#isExhausted && this.#running.size === 0;
    if (this.#events.length === 0 && !isIdle()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#events.length === 0 && isIdle() && this.#failure === null;
  }

  async stop(): Promise<void> {
    this.#leave.abort();
    await Promise.all(this.#running);
    if (!this.#isExhausted) await this.#items.return?.();
  }

  /** Begins items as long as there are places. */
  async #fill(): Promise<void> {
    while (this.#hasPlace()) {
      const { done, value } = await this.#items.next();
      if (done) this.#isExhausted = true;
      else if (!this.#leave.signal.aborted) this.#begin(value);
    }
  }

  #hasPlace(): boolean {
    if (this.#isExhausted || this.#leave.signal.aborted || !this.#mayBegin()) return false;
    return this.#running.size < this.#concurrency && this.#events.length < waitingEventsMax;
  }

  #begin(item: Item): void {
    const index = this.#begun;
    this.#begun += 1;
    const emit = (event: Event) => {
      this.#events.push(event);
      this.#wake();
    };
    const { signal } = this.#leave;
    const done: Promise<void> = this.#work({ item, index, signal, emit })
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.#running.delete(done);
        this.#wake();
      });
    this.#running.add(done);
  }
}

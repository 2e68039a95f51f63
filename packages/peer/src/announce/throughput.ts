import type { BatchReport } from '../schedule/scheduler.js';

/** What a peer says of its speed in its record. */
export interface Throughput {
  /** Single-token steps a second over one block. */
  readonly decodeBlocksPerSecond: number;
  /** Rows of prefill a second over one block. */
  readonly prefillBlockRowsPerSecond: number;
}

/** Share of a new measurement in the running average. */
const newShare = 0.05;
/** Batches with at least this many rows are prefill. */
const prefillRowsMin = 32;

/** Keeps a {@link Throughput} up to date with what the engine really does. */
export class ThroughputMeter {
  readonly #blocks: number;
  #decode: number;
  #prefill: number;

  constructor(options: { blocks: number; initial: Throughput }) {
    this.#blocks = options.blocks;
    this.#decode = options.initial.decodeBlocksPerSecond;
    this.#prefill = options.initial.prefillBlockRowsPerSecond;
  }

  get throughput(): Throughput {
    return { decodeBlocksPerSecond: this.#decode, prefillBlockRowsPerSecond: this.#prefill };
  }

  /** Takes a batch over the whole span. Mixed ones say little of either kind, and are left out. */
  add({ items, rows, computeUs }: BatchReport): void {
    if (computeUs <= 0) return;
    const blocksPerSecond = (this.#blocks * 1e6) / computeUs;
    if (items === 1 && rows === 1) {
      this.#decode += newShare * (blocksPerSecond - this.#decode);
    } else if (rows >= prefillRowsMin) {
      this.#prefill += newShare * (blocksPerSecond * rows - this.#prefill);
    }
  }
}

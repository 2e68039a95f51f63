/** Keeps the graphs of recent batches: a decode step has the same shape many times in a row. */
import type { Context } from '../c-types.js';
import { createContext } from '../create-context.js';
import type { GraphExecutor, Runtime } from '../runtime.js';
import type { GraphPlan } from './graph-plan.js';
import {
  buildStepGraph,
  countTensors,
  type ModelGraphSettings,
  type StepGraph,
} from './step-graph.js';

/** Small graphs that are kept; each has compute memory of its own. */
const smallSlotCount = 4;

/** Batches of more rows do not come twice in the same shape, and share one slot. */
const smallRowsMax = 64;

/** Room for the headers and the placement of a graph. */
interface Arena {
  readonly context: Context;
  readonly executor: GraphExecutor;
  readonly tensorsMax: number;
}

/** A graph with its arena. */
class GraphSlot {
  key: string | null = null;
  private arena: Arena | null = null;
  private built: StepGraph | null = null;

  constructor(private readonly runtime: Runtime) {}

  /** The graph for a plan, built unless the last one had the same key. */
  take(settings: ModelGraphSettings, plan: GraphPlan): TakenGraph | null {
    if (this.key === plan.key && this.arena !== null && this.built !== null) {
      return { step: this.built, executor: this.arena.executor };
    }
    this.key = null;
    const { context, executor } = this.emptyArena(countTensors(settings.config, plan));
    const step = buildStepGraph(this.runtime.ggml, context, settings, plan);
    if (!executor.allocate(step.graph)) return null;
    this.key = plan.key;
    this.built = step;
    return { step, executor };
  }

  free(): void {
    this.arena?.executor.free();
    if (this.arena !== null) this.runtime.ggml.free(this.arena.context);
    this.arena = null;
  }

  private emptyArena(tensorCount: number): Arena {
    const { ggml } = this.runtime;
    if (this.arena !== null && tensorCount <= this.arena.tensorsMax) {
      ggml.reset(this.arena.context);
      return this.arena;
    }
    this.free();
    const graphBytes = ggml.graph_overhead_custom(tensorCount, false);
    this.arena = {
      context: createContext(ggml, tensorCount, graphBytes),
      executor: this.runtime.createExecutor(tensorCount),
      tensorsMax: tensorCount,
    };
    return this.arena;
  }
}

/** A graph, allocated and ready for its inputs. */
export interface TakenGraph {
  readonly step: StepGraph;
  readonly executor: GraphExecutor;
}

/** Finds or builds the graph of a batch. */
export class GraphCache {
  /** Most recently used first. */
  private readonly small: GraphSlot[] = [];
  private large: GraphSlot | null = null;
  private row: Float32Array | null = null;

  constructor(
    private readonly runtime: Runtime,
    private readonly settings: ModelGraphSettings,
  ) {}

  /** Where a row of logits is looked through; made once, as one a step would keep the collector busy. */
  get logitsRow(): Float32Array {
    this.row ??= new Float32Array(this.settings.config.vocabSize);
    return this.row;
  }

  /** The graph of a plan; null when there is no memory to compute in. */
  take(plan: GraphPlan): TakenGraph | null {
    const slot = plan.rowCount > smallRowsMax ? this.largeSlot() : this.smallSlot(plan.key);
    return slot.take(this.settings, plan);
  }

  free(): void {
    for (const slot of this.small.splice(0)) slot.free();
    this.large?.free();
    this.large = null;
  }

  private largeSlot(): GraphSlot {
    this.large ??= new GraphSlot(this.runtime);
    return this.large;
  }

  private smallSlot(key: string): GraphSlot {
    let index = this.small.findIndex((slot) => slot.key === key);
    if (index < 0 && this.small.length < smallSlotCount) {
      index = this.small.push(new GraphSlot(this.runtime)) - 1;
    }
    const [slot] = this.small.splice(index < 0 ? this.small.length - 1 : index, 1);
    this.small.unshift(slot as GraphSlot);
    return slot as GraphSlot;
  }
}

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

/** A graph with its arena and its compute memory. */
class GraphSlot {
  key: string | null = null;
  private context: Context | null = null;
  private tensorsMax = 0;
  private built: StepGraph | null = null;
  readonly executor: GraphExecutor;

  constructor(private readonly runtime: Runtime) {
    this.executor = runtime.createExecutor();
  }

  /** The graph for a plan, built unless the last one had the same key. */
  graphFor(settings: ModelGraphSettings, plan: GraphPlan): StepGraph | null {
    if (this.key === plan.key && this.built !== null) return this.built;
    const { ggml } = this.runtime;
    this.key = null;
    const built = buildStepGraph(ggml, this.emptyContext(countTensors(plan)), settings, plan);
    if (!this.executor.allocate(built.graph)) return null;
    this.key = plan.key;
    this.built = built;
    return built;
  }

  free(): void {
    this.executor.free();
    if (this.context !== null) this.runtime.ggml.free(this.context);
    this.context = null;
  }

  private emptyContext(tensorCount: number): Context {
    const { ggml } = this.runtime;
    if (this.context !== null && tensorCount <= this.tensorsMax) {
      ggml.reset(this.context);
      return this.context;
    }
    if (this.context !== null) ggml.free(this.context);
    this.context = null;
    const graphBytes = ggml.graph_overhead_custom(tensorCount, false);
    this.context = createContext(ggml, tensorCount, graphBytes);
    this.tensorsMax = tensorCount;
    return this.context;
  }
}

/** Finds or builds the graph of a batch. */
export class GraphCache {
  /** Most recently used first. */
  private readonly small: GraphSlot[] = [];
  private large: GraphSlot | null = null;

  constructor(
    private readonly runtime: Runtime,
    private readonly settings: ModelGraphSettings,
  ) {}

  /** A graph, allocated and ready for its inputs; null when there is no memory to compute in. */
  take(plan: GraphPlan): { step: StepGraph; executor: GraphExecutor } | null {
    const slot = plan.rowCount > smallRowsMax ? this.largeSlot() : this.smallSlot(plan.key);
    const step = slot.graphFor(this.settings, plan);
    return step === null ? null : { step, executor: slot.executor };
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

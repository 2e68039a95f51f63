/** Chosen devices, ready to compute: their backends, threads and kinds of memory. */
import { SkeinError } from '@skein/protocol';
import type {
  Address,
  Backend,
  BufferType,
  Context,
  Device,
  Graph,
  GraphAllocator,
  Tensor,
} from './c-types.js';
import { createContext } from './create-context.js';
import type { DeviceHandle } from './devices.js';
import type { Ggml } from './load-ggml.js';
import { typeIds } from './type-ids.js';

/**
 * Polling of idle threads, 0 to 100. ggml's default, 50, lets them spin on between two steps, where
 * they take the cores from the processes that the next step has to pass.
 */
const threadPoolPolling = 0;

/** Places and computes graphs on the devices of a {@link Runtime}. */
export interface GraphExecutor {
  /** Gives every tensor of the graph memory, reusing what the last graph had. */
  allocate(graph: Graph): boolean;
  /** Computes a graph that was allocated last, on so many CPU threads; true on success. */
  compute(graph: Graph, threads: number): boolean;
  free(): void;
}

/** What a {@link Runtime} is made of. */
export interface RuntimeParts {
  /** Devices beside the CPU. */
  readonly accelerators: readonly DeviceHandle[];
  readonly cpu: DeviceHandle;
  readonly threads: number;
  /** How much idle threads poll, 0 to 100. Default: they sleep. */
  readonly polling?: number;
}

/** A device that is ready to compute. */
export interface ComputeUnit {
  readonly device: DeviceHandle;
  /** Where KV caches and unconverted weights lie. */
  readonly bufferType: BufferType;
  /**
   * Kinds of memory that rearrange weights for faster products (`AMX`, `CPU_REPACK`), best first;
   * the CPU alone has some. Such weights can only be used in `mul_mat`.
   */
  readonly repackBufferTypes: readonly BufferType[];
  /** Tells whether the device itself can compute the operation that made `tensor`. */
  supports(tensor: Tensor): boolean;
}

interface OwnedUnit extends ComputeUnit {
  readonly backend: Backend;
}

/** The devices that an engine computes on; the CPU is always among them. */
export class Runtime {
  readonly ggml: Ggml;
  readonly threads: number;
  readonly cpu: ComputeUnit;
  /** Devices beside the CPU, in the order in which rows pass through them. */
  readonly accelerators: readonly ComputeUnit[];
  private readonly owned: { readonly cpu: OwnedUnit; readonly accelerators: readonly OwnedUnit[] };
  private readonly cpuFunctions: CpuFunctions;
  /** The second has one thread: computing on it alone does not wake the first one's threads. */
  private readonly threadPools: { readonly all: Address | null; readonly one: Address | null };
  private activeThreads = 0;

  /** @throws SkeinError `engine-failed` when a device cannot be initialised */
  constructor(ggml: Ggml, options: RuntimeParts) {
    this.ggml = ggml;
    this.threads = options.threads;
    this.cpuFunctions = new CpuFunctions(
      ggml,
      options.cpu.handle,
      options.polling ?? threadPoolPolling,
    );
    const cpu = openUnit(ggml, options.cpu, this.cpuFunctions.extraBufferTypes());
    const accelerators: OwnedUnit[] = [];
    try {
      for (const device of options.accelerators) accelerators.push(openUnit(ggml, device, []));
    } catch (error) {
      for (const { backend } of [...accelerators, cpu]) ggml.backend_free(backend);
      throw error;
    }
    this.owned = { cpu, accelerators };
    this.cpu = cpu;
    this.accelerators = accelerators;
    this.threadPools = {
      all: this.cpuFunctions.createThreadPool(options.threads),
      one: this.cpuFunctions.createThreadPool(1),
    };
    this.useThreads(options.threads);
  }

  get usesCpuOnly(): boolean {
    return this.accelerators.length === 0;
  }

  /** The pool of all threads; null where ggml makes one for each computation. */
  get threadPool(): Address | null {
    return this.threadPools.all;
  }

  /** Makes an executor for graphs of up to so many nodes, with compute memory of its own. */
  createExecutor(nodesMax: number): GraphExecutor {
    return this.usesCpuOnly ? this.createDirectExecutor() : this.createScheduledExecutor(nodesMax);
  }

  /** Frees the devices. Buffers and executors must be gone by then. */
  stop(): void {
    const { cpu, accelerators } = this.owned;
    for (const { backend } of [...accelerators, cpu]) this.ggml.backend_free(backend);
    this.cpuFunctions.freeThreadPool(this.threadPools.all);
    this.cpuFunctions.freeThreadPool(this.threadPools.one);
  }

  private useThreads(threads: number): void {
    if (threads === this.activeThreads) return;
    const pool = threads === 1 ? this.threadPools.one : this.threadPools.all;
    this.cpuFunctions.useThreads(this.owned.cpu.backend, threads, pool);
    this.activeThreads = threads;
  }

  /** One backend: no scheduler is needed, which saves its splitting of the graph. */
  private createDirectExecutor(): GraphExecutor {
    const { ggml } = this;
    const { backend, bufferType } = this.owned.cpu;
    const allocator: GraphAllocator = ggml.gallocr_new(bufferType);
    return {
      // Left to itself the allocator takes the plan of the last graph for one with like operations,
      // and looks beyond its buffers where an input stands in a weight's place (found by fuzzing).
      allocate: (graph) =>
        ggml.gallocr_reserve(allocator, graph) && ggml.gallocr_alloc_graph(allocator, graph),
      compute: (graph, threads) => {
        this.useThreads(threads);
        return ggml.backend_graph_compute(backend, graph) === 0;
      },
      free: () => ggml.gallocr_free(allocator),
    };
  }

  /**
   * Operations go where their weights or caches are, and to the CPU where the device lacks them; what
   * passes from one device to another is copied.
   */
  private createScheduledExecutor(nodesMax: number): GraphExecutor {
    const { ggml } = this;
    const { cpu, accelerators } = this.owned;
    // The CPU must be the last.
    const backends = BigUint64Array.from([...accelerators, cpu], ({ backend }) => backend);
    const count = backends.length;
    const scheduler = ggml.backend_sched_new(backends, null, count, nodesMax, false, false);
    const other = new OtherGraph(ggml);
    return {
      allocate: (graph) => {
        // Its allocators would take plans of other graphs as well. Planning this graph twice would
        // lose its inputs: the scheduler puts copies on other devices into the graph itself.
        ggml.backend_sched_reset(scheduler);
        if (!ggml.backend_sched_reserve(scheduler, other.build())) return false;
        return ggml.backend_sched_alloc_graph(scheduler, graph);
      },
      compute: (graph, threads) => {
        this.useThreads(threads);
        return ggml.backend_sched_graph_compute(scheduler, graph) === 0;
      },
      free: () => {
        ggml.backend_sched_free(scheduler);
        other.free();
      },
    };
  }
}

/** A graph of a single operation, which is like no graph of a model: its plan fits none of them. */
class OtherGraph {
  private readonly context: Context;

  constructor(private readonly ggml: Ggml) {
    this.context = createContext(ggml, 2, ggml.graph_overhead_custom(2, false));
  }

  build(): Graph {
    const { ggml, context } = this;
    ggml.reset(context);
    const graph = ggml.new_graph_custom(context, 2, false);
    ggml.build_forward_expand(
      graph,
      ggml.sqr(context, ggml.new_tensor_1d(context, typeIds.f32, 1)),
    );
    return graph;
  }

  free(): void {
    this.ggml.free(this.context);
  }
}

function openUnit(
  ggml: Ggml,
  device: DeviceHandle,
  repackBufferTypes: readonly BufferType[],
): OwnedUnit {
  const backend = ggml.backend_dev_init(device.handle, null);
  if (backend === null) {
    throw new SkeinError('engine-failed', `The device ${device.name} could not be initialised.`);
  }
  const bufferType = ggml.backend_get_default_buffer_type(backend);
  const supports = (tensor: Tensor) => ggml.backend_dev_supports_op(device.handle, tensor);
  return { device, backend, bufferType, repackBufferTypes, supports };
}

/** Functions that only the CPU backend has; it hands out their addresses by name. */
class CpuFunctions {
  private readonly bound = new Map<string, (...values: unknown[]) => unknown>();

  constructor(
    private readonly ggml: Ggml,
    private readonly cpu: Device,
    private readonly polling: number,
  ) {}

  /** Computes from now on with `threads` threads of `pool`; other pools are paused. */
  useThreads(backend: Backend, threads: number, pool: Address | null): void {
    this.call('ggml_backend_set_n_threads', 'void', ['void *', 'int'], backend, threads);
    if (pool === null) return;
    this.call('ggml_backend_cpu_set_threadpool', 'void', ['void *', 'void *'], backend, pool);
  }

  /**
   * Makes a pool that outlives a single graph. Without one ggml starts and joins its threads for
   * every graph, which costs more than a decode step of a small span.
   */
  createThreadPool(threads: number): Address | null {
    // struct { bool mask[512]; int threads; int priority; uint32 poll; bool strict, paused; }
    const parameters = Buffer.alloc(1024);
    this.ggml.threadpool_params_init(parameters, threads);
    parameters.writeUInt32LE(this.polling, 520);
    return this.call('ggml_threadpool_new', 'void *', ['void *'], parameters) as Address | null;
  }

  freeThreadPool(pool: Address | null): void {
    if (pool !== null) this.call('ggml_threadpool_free', 'void', ['void *'], pool);
  }

  extraBufferTypes(): BufferType[] {
    const list = this.call('ggml_backend_dev_get_extra_bufts', 'void *', ['void *'], this.cpu);
    const types: BufferType[] = [];
    if (list === null) return types;
    // A null-terminated array of pointers; there are two kinds today.
    for (let index = 0; index < 16; index += 1) {
      const type = this.ggml.koffi.decode(list, index * 8, 'void *') as BufferType | null;
      if (type === null) break;
      types.push(type);
    }
    return types;
  }

  /** Calls a function of the CPU backend; null when this version does not have it. */
  private call(name: string, result: string, types: string[], ...values: unknown[]): unknown {
    let bound = this.bound.get(name);
    if (bound === undefined) {
      const registry = this.ggml.backend_dev_backend_reg(this.cpu);
      const address = this.ggml.backend_reg_get_proc_address(registry, name);
      const { koffi } = this.ggml;
      bound = address === null ? () => null : koffi.decode(address, koffi.proto(result, types));
      this.bound.set(name, bound as (...values: unknown[]) => unknown);
    }
    return bound?.(...values) ?? null;
  }
}

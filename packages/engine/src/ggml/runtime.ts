/** A chosen device, ready to compute: its backend, its thread pool and its kinds of memory. */
import { SkeinError } from '@skein/protocol';
import type { Address, Backend, BufferType, Device, Graph, GraphAllocator } from './c-types.js';
import type { DeviceHandle } from './devices.js';
import type { Ggml } from './load-ggml.js';

/**
 * Polling of idle threads, 0 to 100. ggml's default, 50, lets them spin on between two steps, where
 * they take the cores from the processes that the next step has to pass.
 */
const threadPoolPolling = 0;

/** Places and computes graphs on the device of a {@link Runtime}. */
export interface GraphExecutor {
  /** Gives every tensor of the graph memory, reusing what the last graph had. */
  allocate(graph: Graph): boolean;
  /** Computes a graph that was allocated last, on so many CPU threads; true on success. */
  compute(graph: Graph, threads: number): boolean;
  free(): void;
}

/** Options of {@link Runtime}. */
export interface RuntimeOptions {
  readonly device: DeviceHandle;
  readonly cpu: DeviceHandle;
  readonly threads: number;
  /** How much idle threads poll, 0 to 100. Default: they sleep. */
  readonly polling?: number;
}

/** A device that is ready to compute. */
export class Runtime {
  readonly ggml: Ggml;
  readonly device: DeviceHandle;
  readonly threads: number;
  /** Where KV caches and unconverted weights lie. */
  readonly bufferType: BufferType;
  /** Memory of the CPU; the same as {@link bufferType} when the device is the CPU. */
  readonly cpuBufferType: BufferType;
  /**
   * Kinds of CPU memory that rearrange weights for faster products (`AMX`, `CPU_REPACK`), best
   * first. Such weights can only be used in `mul_mat`.
   */
  readonly repackBufferTypes: readonly BufferType[];
  private readonly backend: Backend;
  private readonly cpuBackend: Backend;
  private readonly cpu: CpuFunctions;
  /** The second has one thread: computing on it alone does not wake the first one's threads. */
  private readonly threadPools: { readonly all: Address | null; readonly one: Address | null };
  private activeThreads = 0;

  /** @throws SkeinError `engine-failed` when the device cannot be initialised */
  constructor(ggml: Ggml, options: RuntimeOptions) {
    this.ggml = ggml;
    this.device = options.device;
    this.threads = options.threads;
    this.cpu = new CpuFunctions(ggml, options.cpu.handle, options.polling ?? threadPoolPolling);
    this.cpuBackend = initialise(ggml, options.cpu);
    this.backend =
      options.device.kind === 'cpu' ? this.cpuBackend : initialise(ggml, options.device);
    this.bufferType = ggml.backend_get_default_buffer_type(this.backend);
    this.cpuBufferType = ggml.backend_get_default_buffer_type(this.cpuBackend);
    this.repackBufferTypes = this.usesCpuOnly ? this.cpu.extraBufferTypes() : [];
    this.threadPools = {
      all: this.cpu.createThreadPool(options.threads),
      one: this.cpu.createThreadPool(1),
    };
    this.useThreads(options.threads);
  }

  get usesCpuOnly(): boolean {
    return this.device.kind === 'cpu';
  }

  /** The pool of all threads; null where ggml makes one for each computation. */
  get threadPool(): Address | null {
    return this.threadPools.all;
  }

  /** Tells whether the device itself can compute the operation that made `tensor`. */
  supports(tensor: Parameters<Ggml['backend_dev_supports_op']>[1]): boolean {
    return this.ggml.backend_dev_supports_op(this.device.handle, tensor);
  }

  /** Makes an executor for graphs of up to so many nodes, with compute memory of its own. */
  createExecutor(nodesMax: number): GraphExecutor {
    return this.usesCpuOnly ? this.createDirectExecutor() : this.createScheduledExecutor(nodesMax);
  }

  /** Frees the device. Buffers and executors must be gone by then. */
  stop(): void {
    if (this.backend !== this.cpuBackend) this.ggml.backend_free(this.backend);
    this.ggml.backend_free(this.cpuBackend);
    this.cpu.freeThreadPool(this.threadPools.all);
    this.cpu.freeThreadPool(this.threadPools.one);
  }

  private useThreads(threads: number): void {
    if (threads === this.activeThreads) return;
    const pool = threads === 1 ? this.threadPools.one : this.threadPools.all;
    this.cpu.useThreads(this.cpuBackend, threads, pool);
    this.activeThreads = threads;
  }

  /** One backend: no scheduler is needed, which saves its splitting of the graph. */
  private createDirectExecutor(): GraphExecutor {
    const { ggml, backend } = this;
    const allocator: GraphAllocator = ggml.gallocr_new(this.bufferType);
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

  /** The device first; operations that it lacks go to the CPU. */
  private createScheduledExecutor(nodesMax: number): GraphExecutor {
    const { ggml } = this;
    const backends = new BigUint64Array([this.backend, this.cpuBackend]);
    const scheduler = ggml.backend_sched_new(backends, null, 2, nodesMax, false, false);
    return {
      allocate: (graph) => {
        // Its allocators would take plans of other graphs as well.
        ggml.backend_sched_reset(scheduler);
        if (!ggml.backend_sched_reserve(scheduler, graph)) return false;
        return ggml.backend_sched_alloc_graph(scheduler, graph);
      },
      compute: (graph, threads) => {
        this.useThreads(threads);
        return ggml.backend_sched_graph_compute(scheduler, graph) === 0;
      },
      free: () => ggml.backend_sched_free(scheduler),
    };
  }
}

function initialise(ggml: Ggml, device: DeviceHandle): Backend {
  const backend = ggml.backend_dev_init(device.handle, null);
  if (backend === null) {
    throw new SkeinError('engine-failed', `The device ${device.name} could not be initialised.`);
  }
  return backend;
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

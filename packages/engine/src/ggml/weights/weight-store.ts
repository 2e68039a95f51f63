/** Memory for the weights: one ggml buffer per kind of memory, and mapped files. */
import { SkeinError } from '@skein/protocol';
import type { FileRange } from '../../model/model-file.js';
import type { PlannedTensor } from '../../model/weight-plan.js';
import {
  type BufferType,
  bufferUsageWeights,
  type Context,
  type DeviceBuffer,
  type Tensor,
} from '../c-types.js';
import { createContext } from '../create-context.js';
import type { ComputeUnit, Runtime } from '../runtime.js';
import { typeIds } from '../type-ids.js';
import { type MappedFile, mapFile } from './map-file.js';

/** Vector loads of ggml's CPU kernels want this alignment; GGUF files have it by default. */
const mappedAlignmentBytes = 32;

/**
 * AMX kernels multiply rows of a single block of 32 wrongly when there are several of them, as was
 * measured on tiny models in q8_0 and q4_0. No model that people use has such rows.
 */
const repackColumnsMin = 64;

/** Bytes in a mapped file. */
export interface MappedRange {
  readonly file: MappedFile;
  readonly range: FileRange;
}

/** A tensor in memory and how its bytes get there. */
export interface PlacedTensor extends PlannedTensor {
  readonly tensor: Tensor;
  /** Its bytes as they are in a file, where they need no conversion and the file is mapped. */
  readonly source: MappedRange | null;
  /** `mapped` needs no loading, `whole` must be written in one go, `chunks` may be in parts. */
  readonly filling: 'mapped' | 'whole' | 'chunks';
}

type Placement =
  | { readonly kind: 'mapped'; readonly source: MappedRange }
  | {
      readonly kind: 'buffer';
      readonly bufferType: BufferType;
      readonly isRepacked: boolean;
      readonly source: MappedRange | null;
    };

/** A tensor with its bytes in a file. */
interface SourcedItem<Source extends MappedRange | null = MappedRange | null> {
  readonly item: PlannedTensor;
  readonly source: Source;
}

/** Where weights go. */
export interface WeightStoreOptions {
  readonly unitOf: (item: PlannedTensor) => ComputeUnit;
  /**
   * Weights for the CPU stay in their file where they can, so that all processes on this machine
   * that use it share its pages, rather than being rearranged, which makes products faster.
   */
  readonly sharesWeights: boolean;
}

/** Owns the memory of all weights of an engine. */
export class WeightStore {
  readonly tensors: readonly PlacedTensor[];
  private readonly contexts: Context[] = [];
  private readonly buffers: DeviceBuffer[] = [];
  private readonly files = new Map<string, MappedFile | null>();
  private readonly repackProbes = new Map<string, BufferType | null>();

  /** @throws SkeinError `out-of-memory` */
  constructor(
    private readonly runtime: Runtime,
    planned: readonly PlannedTensor[],
    private readonly options: WeightStoreOptions,
  ) {
    try {
      this.tensors = this.place(planned);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Makes an f32 vector that comes from no file, on one of the devices. */
  addVector(values: Float32Array, { bufferType }: ComputeUnit): Tensor {
    const { ggml } = this.runtime;
    const context = this.createContext(1);
    const tensor = ggml.new_tensor_1d(context, typeIds.f32, values.length);
    this.allocate(context, bufferType, values.byteLength);
    ggml.backend_tensor_set(tensor, values, 0, values.byteLength);
    return tensor;
  }

  free(): void {
    const { ggml } = this.runtime;
    for (const buffer of this.buffers.splice(0)) ggml.backend_buffer_free(buffer);
    for (const context of this.contexts.splice(0)) ggml.free(context);
    for (const file of this.files.values()) file?.unmap();
    this.files.clear();
  }

  private place(planned: readonly PlannedTensor[]): PlacedTensor[] {
    const groups = new Map<BufferType, { isRepacked: boolean; tensors: SourcedItem[] }>();
    const placed: PlacedTensor[] = [];
    const mapped: SourcedItem<MappedRange>[] = [];
    for (const item of planned) {
      const placement = this.choosePlacement(item);
      if (placement.kind === 'mapped') {
        mapped.push({ item, source: placement.source });
        continue;
      }
      const { bufferType, isRepacked, source } = placement;
      const group = groups.get(bufferType) ?? { isRepacked, tensors: [] };
      group.tensors.push({ item, source });
      groups.set(bufferType, group);
    }
    for (const [bufferType, { isRepacked, tensors }] of groups) {
      const context = this.createContext(tensors.length);
      const filling = isRepacked ? 'whole' : 'chunks';
      placed.push(
        ...tensors.map(
          ({ item, source }) =>
            ({ ...item, filling, source, tensor: this.create(context, item) }) as const,
        ),
      );
      this.allocate(
        context,
        bufferType,
        tensors.reduce((sum, { item }) => sum + item.byteLength, 0),
      );
    }
    return [...placed, ...this.placeMapped(mapped)];
  }

  private choosePlacement(item: PlannedTensor): Placement {
    const { cpu } = this.runtime;
    const unit = this.options.unitOf(item);
    const source = this.mappable(item);
    if (unit === cpu) {
      const repack = this.options.sharesWeights ? null : this.repackBufferType(item);
      if (repack !== null) return { kind: 'buffer', bufferType: repack, isRepacked: true, source };
      if (source !== null) return { kind: 'mapped', source };
    }
    const isOnCpu = item.role === 'table' && !this.canLookUp(item, unit);
    const { bufferType } = isOnCpu ? cpu : unit;
    return { kind: 'buffer', bufferType, isRepacked: false, source };
  }

  /** The place of a tensor whose bytes can be used where they lie. */
  private mappable({ location, type, offset }: PlannedTensor): MappedRange | null {
    const [range, further] = location.ranges;
    if (range === undefined || further !== undefined) return null;
    if (location.type !== type || offset !== 0) return null;
    if (range.offset % mappedAlignmentBytes !== 0) return null;
    let file = this.files.get(range.file);
    if (file === undefined) {
      file = mapFile(this.runtime.ggml, range.file);
      this.files.set(range.file, file);
    }
    // A file that is cut short would fault when its missing pages are touched.
    if (file === null || range.offset + range.byteLength > file.byteLength) return null;
    return { file, range };
  }

  private placeMapped(mapped: readonly SourcedItem<MappedRange>[]) {
    const { ggml, cpu } = this.runtime;
    const context = this.createContext(mapped.length);
    const buffers = new Map<MappedFile, DeviceBuffer>();
    return mapped.map(({ item, source }): PlacedTensor => {
      const { file, range } = source;
      let buffer = buffers.get(file);
      if (buffer === undefined) {
        buffer = this.keep(
          ggml.backend_dev_buffer_from_host_ptr(
            cpu.device.handle,
            file.address,
            file.byteLength,
            0,
          ),
          file.byteLength,
        );
        buffers.set(file, buffer);
      }
      const tensor = this.create(context, item);
      const address = file.address + BigInt(range.offset);
      ggml.backend_tensor_alloc(buffer, tensor, address as MappedFile['address']);
      file.prefetch(range.offset, item.byteLength);
      return { ...item, tensor, source, filling: 'mapped' };
    });
  }

  /** Whether a device itself can take rows of the table; otherwise the table stays on the CPU. */
  private canLookUp(item: PlannedTensor, unit: ComputeUnit): boolean {
    return this.withProbeContext((context) => {
      const { ggml } = this.runtime;
      const rows = ggml.new_tensor_1d(context, typeIds.i32, 1);
      return unit.supports(ggml.get_rows(context, this.create(context, item), rows));
    });
  }

  /**
   * The kind of memory in which the product with this matrix is faster, if there is one. Measured
   * on x86: Q4_0 decodes 1.65 times as fast, Q4_K reads prompts twice as fast.
   */
  private repackBufferType(item: PlannedTensor): BufferType | null {
    if (item.role !== 'matrix' && item.role !== 'experts') return null;
    if (item.columns < repackColumnsMin) return null;
    // Kernels want rows in multiples of 4 to 16, so shapes that agree in this share an answer.
    const matrixRows = item.rows / item.matrixCount;
    const rows = matrixRows > 128 ? 64 + (matrixRows % 64) : matrixRows;
    const key = `${item.role}:${item.type}:${item.columns}:${rows}`;
    let answer = this.repackProbes.get(key);
    if (answer === undefined) {
      // ggml takes what has one matrix for two dimensions, and experts have three.
      const matrixCount = item.role === 'experts' ? 2 : 1;
      const probe = { ...item, rows: rows * matrixCount, matrixCount };
      answer =
        this.runtime.cpu.repackBufferTypes.find((type) => this.canMultiplyIn(type, probe)) ?? null;
      this.repackProbes.set(key, answer);
    }
    return answer;
  }

  private canMultiplyIn(bufferType: BufferType, item: PlannedTensor): boolean {
    return this.withProbeContext((context) => {
      const { ggml } = this.runtime;
      const matrix = this.create(context, item);
      const buffer = ggml.backend_alloc_ctx_tensors_from_buft(context, bufferType);
      if (buffer === null) return false;
      const isSupported = this.runtime.cpu.supports(this.product(context, item, matrix));
      ggml.backend_buffer_free(buffer);
      return isSupported;
    });
  }

  /** One row through a matrix, in the way in which rows go through it later. */
  private product(context: Context, { role, columns }: PlannedTensor, matrix: Tensor): Tensor {
    const { ggml } = this.runtime;
    if (role !== 'experts') {
      return ggml.mul_mat(context, matrix, ggml.new_tensor_2d(context, typeIds.f32, columns, 1));
    }
    const row = ggml.new_tensor_3d(context, typeIds.f32, columns, 1, 1);
    const chosen = ggml.new_tensor_2d(context, typeIds.i32, 1, 1);
    return ggml.mul_mat_id(context, matrix, row, chosen);
  }

  private withProbeContext<Result>(probe: (context: Context) => Result): Result {
    const context = this.createContext(4);
    try {
      return probe(context);
    } finally {
      this.contexts.splice(this.contexts.indexOf(context), 1);
      this.runtime.ggml.free(context);
    }
  }

  private create(context: Context, item: PlannedTensor): Tensor {
    const { ggml } = this.runtime;
    const { rows, columns, role, matrixCount } = item;
    const type = typeIds[item.type];
    if (role === 'vector') return ggml.new_tensor_1d(context, type, columns);
    return role === 'experts'
      ? ggml.new_tensor_3d(context, type, columns, rows / matrixCount, matrixCount)
      : ggml.new_tensor_2d(context, type, columns, rows);
  }

  private createContext(tensorCount: number): Context {
    const context = createContext(this.runtime.ggml, tensorCount);
    this.contexts.push(context);
    return context;
  }

  private allocate(context: Context, bufferType: BufferType, byteLength: number): void {
    const buffer = this.runtime.ggml.backend_alloc_ctx_tensors_from_buft(context, bufferType);
    this.keep(buffer, byteLength);
  }

  private keep(buffer: DeviceBuffer | null, byteLength: number): DeviceBuffer {
    if (buffer === null) throw outOfMemory(byteLength);
    this.buffers.push(buffer);
    this.runtime.ggml.backend_buffer_set_usage(buffer, bufferUsageWeights);
    return buffer;
  }
}

function outOfMemory(byteLength: number): SkeinError {
  const mebibytes = Math.ceil(byteLength / 1024 ** 2);
  return new SkeinError(
    'out-of-memory',
    `There is no room for ${mebibytes} MiB of weights.\n` +
      '1. Host fewer blocks: --num-blocks.\n' +
      '2. Or keep them in fewer bits: --dtype q8_0 or --dtype q4_0.',
    { details: { byteLength } },
  );
}

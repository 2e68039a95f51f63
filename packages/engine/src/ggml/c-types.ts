/**
 * The C types that ggml's functions take, as TypeScript types. koffi passes pointers as `bigint`;
 * the brands keep a tensor from being passed where a context is wanted.
 */

declare const pointee: unique symbol;
type Pointer<Name extends string> = bigint & { readonly [pointee]: Name };

/** `ggml_context *`: an arena that holds tensor headers (not their data). */
export type Context = Pointer<'context'>;
/** `ggml_tensor *` */
export type Tensor = Pointer<'tensor'>;
/** `ggml_cgraph *` */
export type Graph = Pointer<'graph'>;
/** `ggml_backend_buffer_t`: device memory that holds tensors' data. */
export type DeviceBuffer = Pointer<'buffer'>;
/** `ggml_backend_buffer_type_t`: a kind of device memory. */
export type BufferType = Pointer<'buffer-type'>;
/** `ggml_backend_t`: an initialised device. */
export type Backend = Pointer<'backend'>;
/** `ggml_backend_dev_t` */
export type Device = Pointer<'device'>;
/** `ggml_backend_reg_t`: a loaded backend library. */
type BackendRegistry = Pointer<'registry'>;
/** `ggml_gallocr_t`: places the intermediate tensors of a graph. */
export type GraphAllocator = Pointer<'graph-allocator'>;
/** `ggml_backend_sched_t`: splits a graph over several backends. */
type Scheduler = Pointer<'scheduler'>;
/** Any other address. */
export type Address = Pointer<'address'>;

/** `GGML_BACKEND_BUFFER_USAGE_WEIGHTS`: the scheduler keeps operations where such buffers are. */
export const bufferUsageWeights = 1;

/** Memory of JavaScript that native code reads or writes during a call. */
type Bytes = Uint8Array | Uint16Array | Int32Array | Float32Array | BigUint64Array;

/** What each name in a {@link Signature} is in TypeScript. A `?` marks a pointer that may be null. */
interface CTypes {
  context: Context;
  'context?': Context | null;
  tensor: Tensor;
  'tensor?': Tensor | null;
  graph: Graph;
  buffer: DeviceBuffer;
  'buffer?': DeviceBuffer | null;
  bufferType: BufferType;
  'bufferType?': BufferType | null;
  backend: Backend;
  'backend?': Backend | null;
  device: Device;
  'device?': Device | null;
  registry: BackendRegistry;
  allocator: GraphAllocator;
  scheduler: Scheduler;
  address: Address;
  'address?': Address | null;
  bytes: Bytes;
  /** Bytes to read, in JavaScript's memory or elsewhere. */
  source: Bytes | Address;
  'bytes?': Bytes | null;
  text: string;
  'text?': string | null;
  int: number;
  int64: number;
  size: number;
  float: number;
  byte: number;
  bool: boolean;
  void: undefined;
  /** `ggml_init_params`, by value. */
  contextParameters: { mem_size: number; mem_buffer: null; no_alloc: boolean };
}

export type CTypeName = keyof CTypes;

/** How koffi spells the scalar types; whatever is absent is a plain pointer. */
export const scalarSpellings: Partial<Record<CTypeName, string>> = {
  text: 'const char *',
  'text?': 'const char *',
  int: 'int',
  int64: 'int64_t',
  size: 'size_t',
  float: 'float',
  byte: 'uint8_t',
  bool: 'bool',
  void: 'void',
};

/** Result type, then the types of the arguments. */
export type Signature = readonly [CTypeName, ...CTypeName[]];

type ArgumentsOf<Names extends readonly CTypeName[]> = {
  [Index in keyof Names]: CTypes[Names[Index]];
};

/** The TypeScript function that a {@link Signature} stands for. */
type FunctionOf<S extends Signature> = S extends readonly [
  infer Result extends CTypeName,
  ...infer Parameters extends readonly CTypeName[],
]
  ? (...values: ArgumentsOf<Parameters>) => CTypes[Result]
  : never;

/** All functions of a table of signatures. */
export type FunctionsOf<Table extends Record<string, Signature>> = {
  readonly [Name in keyof Table]: FunctionOf<Table[Name]>;
};

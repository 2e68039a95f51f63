import { describe, expect, it } from 'vitest';
import type { Graph, Tensor } from '../../src/ggml/c-types.js';
import { createContext } from '../../src/ggml/create-context.js';
import { type DeviceHandle, listDevices } from '../../src/ggml/devices.js';
import { Operations } from '../../src/ggml/graph/operations.js';
import { findLibraries, type GgmlLibraries } from '../../src/ggml/library-discovery.js';
import { loadGgml } from '../../src/ggml/load-ggml.js';
import { Runtime } from '../../src/ggml/runtime.js';
import { typeIds } from '../../src/ggml/type-ids.js';

const [libraries] = findLibraries('cpu') as [GgmlLibraries];
const size = 8;
const tensorsMax = 8;

describe('the memory of graphs', () => {
  // ggml knows a graph's plan again by its operations alone: it would take the first one's, in which
  // the second tensor is a weight and needs no memory.
  it.each(['cpu', 'vulkan'] as const)('is planned for each, however alike (%s)', async (kind) => {
    const ggml = await loadGgml(libraries);
    const cpu = listDevices(ggml).find((device) => device.kind === 'cpu') as DeviceHandle;
    // Of another kind, the CPU is treated as a device beside the CPU.
    const accelerators = kind === 'cpu' ? [] : [{ ...cpu, kind }];
    const runtime = new Runtime(ggml, { accelerators, cpu, threads: 1 });
    const weights = createContext(ggml, 1);
    const weight = ggml.new_tensor_1d(weights, typeIds.f32, size);
    const buffer = ggml.backend_alloc_ctx_tensors_from_buft(weights, runtime.cpu.bufferType);
    if (buffer === null) throw new Error('no memory');
    const bytesOf = (values: Float32Array) => new Uint8Array(values.buffer);
    const ones = bytesOf(new Float32Array(size).fill(1));
    ggml.backend_tensor_set(weight, ones, 0, ones.length);

    const executor = runtime.createExecutor(tensorsMax);
    const overhead = ggml.graph_overhead_custom(tensorsMax, false);
    const build = (isInputFirst: boolean): { graph: Graph; input: Tensor; sum: Tensor } => {
      const context = createContext(ggml, tensorsMax, overhead);
      const graph = ggml.new_graph_custom(context, tensorsMax, false);
      const input = ggml.new_tensor_1d(context, typeIds.f32, size);
      ggml.set_input(input);
      if (isInputFirst) ggml.build_forward_expand(graph, input);
      const sum = ggml.add(context, weight, input);
      ggml.set_output(sum);
      ggml.build_forward_expand(graph, sum);
      return { graph, input, sum };
    };
    for (const isInputFirst of [true, false, true]) {
      const { graph, input, sum } = build(isInputFirst);
      expect(executor.allocate(graph)).toBe(true);
      const twos = bytesOf(new Float32Array(size).fill(2));
      ggml.backend_tensor_set(input, twos, 0, twos.length);
      expect(executor.compute(graph, 1)).toBe(true);
      const found = new Float32Array(size);
      ggml.backend_tensor_get(sum, bytesOf(found), 0, 4 * size);
      expect([...found]).toEqual(new Array(size).fill(3));
    }
    executor.free();
    ggml.backend_buffer_free(buffer);
    runtime.stop();
  });

  // A product whose rows lie across two cache lines each took 1.6 times as long.
  it('places what comes after short inputs at whole cache lines', async () => {
    const ggml = await loadGgml(libraries);
    const base = ggml.koffi.load(ggml.libraries.base);
    const addressOf = base.func('ggml_get_data', 'void *', ['void *']);
    const cpu = listDevices(ggml).find(({ kind }) => kind === 'cpu') as DeviceHandle;
    const runtime = new Runtime(ggml, { accelerators: [], cpu, threads: 1 });
    const overhead = ggml.graph_overhead_custom(tensorsMax, false);
    const context = createContext(ggml, 2 * tensorsMax, overhead);
    const graph = ggml.new_graph_custom(context, 2 * tensorsMax, false);
    const operations = new Operations(ggml, context, graph, new Set());
    const rows = operations.input('f16', 64, 3);
    const inputs = [1, 3].map((count) => operations.input('i32', count));
    const gathered = inputs.map((input) => operations.gather(rows, input));
    for (const x of gathered) operations.output(x);

    const executor = runtime.createExecutor(2 * tensorsMax);
    expect(executor.allocate(graph)).toBe(true);
    for (const tensor of [...inputs, ...gathered]) {
      expect(BigInt.asUintN(64, addressOf(tensor)) % 64n).toBe(0n);
    }
    executor.free();
    ggml.free(context);
    runtime.stop();
  });
});

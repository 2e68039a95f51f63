import { it } from 'vitest';
import { useLavapipe } from '../support/lavapipe.js';
import { findLibraries } from '../../src/ggml/library-discovery.js';
import { loadGgml } from '../../src/ggml/load-ggml.js';
import { pickDevices } from '../../src/ggml/devices.js';
import { Runtime } from '../../src/ggml/runtime.js';
import { createContext } from '../../src/ggml/create-context.js';
import { typeIds } from '../../src/ggml/type-ids.js';
useLavapipe(1);
it('x', async () => {
  const ggml = await loadGgml(findLibraries('vulkan')[0]!);
  const [cpu] = pickDevices(ggml, 'cpu');
  const rt = new Runtime(ggml, { accelerators: pickDevices(ggml, 'vulkan'), cpu, threads: 1 });
  for (const usage of [0, 1]) for (const op of ['mul_mat', 'rms', 'add']) {
    const wctx = createContext(ggml, 4);
    const w = ggml.new_tensor_2d(wctx, 0, 64, 64);
    const buffer = ggml.backend_alloc_ctx_tensors_from_buft(wctx, rt.accelerators[0]!.bufferType)!;
    if (usage) ggml.backend_buffer_set_usage(buffer, 1);
    const wd = Float32Array.from({ length: 4096 }, (_, i) => (i % 65 === 0 ? 2 : 0));
    ggml.backend_tensor_set(w, wd, 0, wd.byteLength);
    const back = new Float32Array(4096);
    ggml.backend_tensor_get(w, back, 0, back.byteLength);
    const ctx = createContext(ggml, 32, ggml.graph_overhead_custom(32, false));
    const x = ggml.new_tensor_2d(ctx, 0, 64, 5); ggml.set_input(x);
    const y = op === 'mul_mat' ? ggml.mul_mat(ctx, w, x) : op === 'add' ? ggml.add(ctx, x, ggml.view_1d(ctx, w, 64, 0)) : ggml.mul(ctx, ggml.rms_norm(ctx, x, 1e-5), ggml.view_1d(ctx, w, 64, 0));
    ggml.set_output(y);
    const g = ggml.new_graph_custom(ctx, 32, false);
    ggml.build_forward_expand(g, y);
    const ex = rt.createExecutor(64);
    console.log(ex.allocate(g));
    const xd = Float32Array.from({ length: 320 }, (_, i) => i);
    ggml.backend_tensor_set(x, xd, 0, xd.byteLength);
    ex.compute(g, 1);
    const out = new Float32Array(320);
    ggml.backend_tensor_get(y, out, 0, out.byteLength);
    console.log(op, usage, back.slice(0, 3), out.slice(0, 8).join(' '));
  }
}, 600000);

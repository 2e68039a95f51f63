/**
 * The operations of a transformer, on one context. Shapes in comments have the outermost dimension
 * first, as in the rest of this code; ggml itself counts dimensions from the innermost.
 */
import type { HiddenType } from '@skein/protocol';
import type { Context, Graph, Tensor } from '../c-types.js';
import { roundUp } from '../kv-store.js';
import type { Ggml } from '../load-ggml.js';
import { typeIds } from '../type-ids.js';
import type { LinearWeights } from '../weights/model-weights.js';

/** `GGML_PREC_F32`: accumulate in f32 even where a backend would take f16. */
const precisionF32 = 10;

/**
 * Vectors of inputs are made longer, to whole cache lines of 64 bytes. ggml places tensors one behind
 * the other at multiples of 32: after a vector of 4 bytes all others would lie across two lines, and
 * products of 512 rows took 1.6 times as long (AMX).
 */
const inputElementsMultiple = 16;

/** `GGML_ROPE_TYPE_NORMAL` and `GGML_ROPE_TYPE_NEOX`. */
const ropeModes = { norm: 0, neox: 2 } as const;

/** How queries and keys are rotated. */
export interface RopeParameters {
  readonly mode: 'neox' | 'norm';
  readonly theta: number;
  /** Leading elements of a head that are rotated; the others stay as they are. */
  readonly dimensions: number;
  readonly magnitude: number;
  readonly divisors: Tensor | null;
}

/** How scores of queries and keys become weights. */
export interface ScoreSettings {
  readonly scale: number;
  /** Scores s become `softCap * tanh(s / softCap)`; 0 leaves them alone. */
  readonly softCap: number;
  /** `[heads]` scores that take their share of each row's weights, and add nothing; or null. */
  readonly sinks: Tensor | null;
  /** Keys and values are stored in blocks, which cannot be transposed. */
  readonly isQuantised: boolean;
}

/**
 * How the rows of a product belong together. `independent`: each is a step of its own, computed
 * beside others by chance, and must not depend on them. `chunk`: they come in runs of several.
 */
export type RowsKind = 'independent' | 'chunk';

/** Appends operations to one graph. */
export class Operations {
  constructor(
    readonly ggml: Ggml,
    readonly context: Context,
    readonly graph: Graph,
    /** Matrices whose product with several rows adds up in another order than with one. */
    private readonly orderedMatrices: ReadonlySet<Tensor>,
  ) {}

  /** A tensor that is written before each computation: `[size]` or `[rows, size]`. */
  input(type: keyof typeof typeIds, size: number, rows?: number): Tensor {
    const { ggml, context } = this;
    if (rows !== undefined) {
      const matrix = ggml.new_tensor_2d(context, typeIds[type], size, rows);
      ggml.set_input(matrix);
      return matrix;
    }
    const whole = ggml.new_tensor_1d(context, typeIds[type], roundUp(size, inputElementsMultiple));
    ggml.set_input(whole);
    return ggml.view_1d(context, whole, size, 0);
  }

  /** Marks a tensor that is read after the computation, and adds what it depends on. */
  output(x: Tensor): Tensor {
    this.ggml.set_output(x);
    this.ggml.build_forward_expand(this.graph, x);
    return x;
  }

  /** Adds an operation now, so that it runs before those that are added later. */
  now(x: Tensor): void {
    this.ggml.build_forward_expand(this.graph, x);
  }

  /** Product of all dimensions but the innermost. */
  rowCount(x: Tensor): number {
    return Number(this.ggml.nrows(x));
  }

  add(a: Tensor, b: Tensor): Tensor {
    return this.ggml.add(this.context, a, b);
  }

  /** `x / rms(x) * weight` over the innermost dimension, `weight` `[size]`. */
  rmsNorm(x: Tensor, weight: Tensor, epsilon: number): Tensor {
    const { ggml, context } = this;
    return ggml.mul(context, ggml.rms_norm(context, x, epsilon), weight);
  }

  /**
   * `[rows, inputs] -> [rows, outputs]`
   * @param rows `independent` ones get the bits that each of them would get alone
   */
  linear(x: Tensor, { matrix, bias }: LinearWeights, rows: RowsKind): Tensor {
    const isByRow = rows === 'independent' && this.orderedMatrices.has(matrix);
    const product = isByRow ? this.productByRow(matrix, x) : this.product(matrix, x);
    return bias === null ? product : this.ggml.add(this.context, product, bias);
  }

  private product(matrix: Tensor, x: Tensor): Tensor {
    return this.ggml.mul_mat(this.context, matrix, x);
  }

  /**
   * One product of one row each, in one operation: the rows are passed off as a dimension further
   * out. ggml's CPU backend then takes the kernel that it takes for a single row.
   */
  private productByRow(matrix: Tensor, x: Tensor): Tensor {
    const { ggml, context } = this;
    const rows = ggml.permute(context, x, 0, 2, 1, 3); // [rows, 1, inputs]
    return ggml.permute(context, this.product(matrix, rows), 0, 2, 1, 3); // [rows, outputs]
  }

  /**
   * Rows through matrices of which each row has its own: `[rows, 1 or used, inputs]` by
   * `[matrices, outputs, inputs]` to `[rows, used, outputs]`.
   * @param chosen `[rows, used]` i32: which matrices
   */
  linearOfChosen(x: Tensor, { matrix, bias }: LinearWeights, chosen: Tensor): Tensor {
    const { ggml, context } = this;
    const product = ggml.mul_mat_id(context, matrix, x, chosen);
    return bias === null ? product : ggml.add_id(context, product, bias, chosen);
  }

  scale(x: Tensor, factor: number): Tensor {
    return this.ggml.scale(this.context, x, factor);
  }

  /** `cap * tanh(x / cap)` */
  softCap(x: Tensor, cap: number): Tensor {
    const { ggml, context } = this;
    return this.scale(ggml.tanh(context, this.scale(x, 1 / cap)), cap);
  }

  /** `silu(gate) * up`, element by element. */
  swiglu(gate: Tensor, up: Tensor): Tensor {
    return this.ggml.swiglu_split(this.context, gate, up);
  }

  /** The same of `[rows, 2 * size]`, of which the first half is the gate: `[rows, size]`. */
  swigluOfHalves(x: Tensor): Tensor {
    return this.ggml.swiglu(this.context, x);
  }

  /** GPT-OSS's: `(up + 1) * gate * sigmoid(1.702 * gate)`, of values that are cut off at 7. */
  swigluClamped(gate: Tensor, up: Tensor): Tensor {
    return this.ggml.swiglu_oai(this.context, gate, up, 1.702, 7);
  }

  /**
   * `gelu(gate) * up` with the approximation by tanh, as `x * sigmoid(2u)`. ggml's own operation
   * looks its values up in a table of f16 on the CPU, which is off by 5e-4.
   */
  geglu(gate: Tensor, up: Tensor): Tensor {
    const { ggml, context } = this;
    const slope = 2 * Math.sqrt(2 / Math.PI);
    const inner = ggml.scale_bias(context, ggml.sqr(context, gate), 0.044715 * slope, slope);
    const share = ggml.sigmoid(context, ggml.mul(context, gate, inner));
    return ggml.mul(context, ggml.mul(context, gate, share), up);
  }

  /** `[rows, heads, headDim]`, rotated by `positions` `[rows]`. */
  rope(x: Tensor, positions: Tensor, rope: RopeParameters): Tensor {
    // The divisors express the whole scaling, so ggml's own knobs stay neutral.
    return this.ggml.rope_ext(
      this.context,
      x,
      positions,
      rope.divisors,
      rope.dimensions,
      ropeModes[rope.mode],
      0,
      rope.theta,
      1,
      0,
      rope.magnitude,
      0,
      0,
    );
  }

  reshape(x: Tensor, shape: readonly [number, number] | readonly [number, number, number]): Tensor {
    const [first, second, third] = shape;
    return third === undefined
      ? this.ggml.reshape_2d(this.context, x, second, first)
      : this.ggml.reshape_3d(this.context, x, third, second, first);
  }

  /** Rows `[start, start + rows)` of an f32 matrix with `columns` columns, without a copy. */
  rows(x: Tensor, columns: number, range: { start: number; rows: number }): Tensor {
    const stride = columns * 4;
    return this.ggml.view_2d(this.context, x, columns, range.rows, stride, range.start * stride);
  }

  /** The rows that `indices` names, as f32: `[indices, columns]`. */
  gather(x: Tensor, indices: Tensor): Tensor {
    return this.ggml.get_rows(this.context, x, indices);
  }

  /** Writes `rows` into those of `target` that `indices` (i64) names, converting the type. */
  scatter(target: Tensor, rows: Tensor, indices: Tensor): Tensor {
    return this.ggml.set_rows(this.context, target, rows, indices);
  }

  /** Puts row blocks under each other; a tree, so that no row is copied more than log n times. */
  stack(parts: readonly Tensor[]): Tensor {
    let level = [...parts];
    while (level.length > 1) {
      const next: Tensor[] = [];
      for (let index = 0; index < level.length; index += 2) {
        const [top, bottom] = level.slice(index, index + 2) as [Tensor, Tensor?];
        next.push(bottom === undefined ? top : this.ggml.concat(this.context, top, bottom, 1));
      }
      level = next;
    }
    return level[0] as Tensor;
  }

  cast(x: Tensor, type: HiddenType): Tensor {
    return this.ggml.cast(this.context, x, typeIds[type]);
  }

  /** Rounds f32 values to what `type` can hold (nearest, ties to even); they stay f32. */
  round(x: Tensor, type: HiddenType): Tensor {
    return type === 'f32' ? x : this.cast(this.cast(x, type), 'f32');
  }

  softmax(x: Tensor): Tensor {
    return this.ggml.soft_max(this.context, x);
  }

  /**
   * Attention in one fused operation.
   * @param queries `[heads, rows, headDim]`
   * @param keys `[kvHeads, length, headDim]`, as `values`
   * @param mask `[rows, length]` f16, 0 or -infinity
   * @returns `[rows, heads, headDim]`
   */
  flashAttention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor,
    { scale, softCap, sinks }: ScoreSettings,
  ): Tensor {
    const { ggml, context } = this;
    const attended = ggml.flash_attn_ext(context, queries, keys, values, mask, scale, 0, softCap);
    if (sinks !== null) ggml.flash_attn_ext_add_sinks(attended, sinks);
    ggml.flash_attn_ext_set_prec?.(attended, precisionF32);
    return attended;
  }

  /** The same in primitives, for devices whose fused kernel lacks the head size. */
  plainAttention(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    mask: Tensor,
    { scale, softCap, sinks, isQuantised }: ScoreSettings,
  ): Tensor {
    const { ggml, context } = this;
    const products = ggml.mul_mat(context, keys, queries); // [heads, rows, length]
    ggml.mul_mat_set_prec?.(products, precisionF32);
    const isCapped = softCap !== 0;
    const scores = isCapped ? this.softCap(this.scale(products, scale), softCap) : products;
    const rest = isCapped ? 1 : scale;
    const weights = ggml.soft_max_ext(context, scores, mask, rest, 0); // [heads, rows, length]
    if (sinks !== null) ggml.soft_max_add_sinks(weights, sinks);
    const plain = isQuantised ? this.cast(values, 'f32') : values;
    const columns = ggml.cont(context, ggml.transpose(context, plain)); // [kvHeads, headDim, length]
    const mixed = ggml.mul_mat(context, columns, weights); // [heads, rows, headDim]
    return ggml.cont(context, ggml.permute(context, mixed, 0, 2, 1, 3)); // [rows, heads, headDim]
  }
}

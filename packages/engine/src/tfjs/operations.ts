/**
 * The operations of a transformer in TensorFlow.js. Shapes in comments have the outermost dimension
 * first. Every tensor that is made here is freed with {@link Operations.release}, unless it was
 * taken out: scopes of TensorFlow.js itself would not last over a read from the device.
 */
import type { Activation, HiddenType } from '@skein/protocol';
import { decodeHidden, encodeHidden } from '@skein/protocol';
import type { LinearWeights } from '../model/model-weights.js';
import type { Tf, TfTensor } from './open-backend.js';

/** What one batch computes with. */
export class Operations {
  private readonly made = new Set<TfTensor>();

  constructor(readonly tf: Tf) {}

  /** Frees what was made, but for what is to be kept. */
  release(kept: readonly TfTensor[] = []): void {
    for (const tensor of this.made) if (!kept.includes(tensor)) tensor.dispose();
    this.made.clear();
    for (const tensor of kept) this.made.add(tensor);
  }

  /** Hands a tensor over to the caller, who frees it. */
  take(tensor: TfTensor): TfTensor {
    this.made.delete(tensor);
    return tensor;
  }

  input(values: Float32Array, shape: number[]): TfTensor {
    return this.own(this.tf.tensor(values, shape, 'float32'));
  }

  /** Numbers of a tensor. With some backends they are its memory: read them only. */
  async read(tensor: TfTensor): Promise<Float32Array> {
    return (await tensor.data()) as Float32Array;
  }

  /** Rounds to what `type` can hold (nearest, ties to even), as decision 6 wants. */
  async round(x: TfTensor, type: HiddenType): Promise<TfTensor> {
    if (type === 'f32') return x;
    return this.input(roundTo(await this.read(x), type), x.shape);
  }

  reshape(x: TfTensor, shape: number[]): TfTensor {
    return this.own(this.tf.reshape(x, shape));
  }

  transpose(x: TfTensor, order: number[]): TfTensor {
    return this.own(this.tf.transpose(x, order));
  }

  slice(x: TfTensor, begin: number[], size: number[]): TfTensor {
    return this.own(this.tf.slice(x, begin, size));
  }

  /** Parts of the innermost dimension. */
  split(x: TfTensor, sizes: number[]): TfTensor[] {
    return this.tf.split(x, sizes, -1).map((part) => this.own(part));
  }

  concat(parts: TfTensor[], axis: number): TfTensor {
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return this.own(this.tf.concat(parts, axis));
  }

  /** Rows by their numbers: `[indices, …]`. */
  gather(x: TfTensor, indices: readonly number[]): TfTensor {
    const places = this.own(this.tf.tensor1d([...indices], 'int32'));
    return this.own(this.tf.gather(x, places as never, 0));
  }

  add(a: TfTensor, b: TfTensor): TfTensor {
    return this.own(this.tf.add(a, b));
  }

  multiply(a: TfTensor, b: TfTensor | number): TfTensor {
    return this.own(this.tf.mul(a, b));
  }

  matMul(a: TfTensor, b: TfTensor, options: { transposeB?: boolean } = {}): TfTensor {
    return this.own(this.tf.matMul(a, b, false, options.transposeB ?? false));
  }

  softmax(x: TfTensor): TfTensor {
    return this.own(this.tf.softmax(x, -1));
  }

  /** `[rows, inputs] -> [rows, outputs]`; the matrix is kept as `[inputs, outputs]`. */
  linear(x: TfTensor, { matrix, bias }: LinearWeights<TfTensor>): TfTensor {
    const product = this.matMul(x, matrix);
    return bias === null ? product : this.add(product, bias);
  }

  /** `x / rms(x) * weight` over the innermost dimension, `weight` `[size]`. */
  rmsNorm(x: TfTensor, weight: TfTensor, epsilon: number): TfTensor {
    const { tf } = this;
    const squares = this.own(tf.mean(this.own(tf.square(x)), -1, true));
    const scale = this.own(tf.rsqrt(this.own(tf.add(squares, epsilon))));
    return this.multiply(this.multiply(x, scale), weight);
  }

  /** `cap * tanh(x / cap)` */
  softCap(x: TfTensor, cap: number): TfTensor {
    return this.multiply(this.own(this.tf.tanh(this.multiply(x, 1 / cap))), cap);
  }

  /** The gated activation of a feed-forward layer, element by element. */
  activate(activation: Activation | undefined, gate: TfTensor, up: TfTensor): TfTensor {
    switch (activation) {
      case 'gelu-tanh':
        return this.multiply(this.geluTanh(gate), up);
      case 'swiglu-clamped':
        return this.swigluClamped(gate, up);
      case undefined:
        return this.multiply(this.multiply(gate, this.sigmoid(gate)), up);
    }
  }

  /** GELU by tanh: `0.5 (1 + tanh(u))` is `sigmoid(2u)`. */
  private geluTanh(x: TfTensor): TfTensor {
    const slope = 2 * Math.sqrt(2 / Math.PI);
    const cubic = this.multiply(this.own(this.tf.square(x)), 0.044715 * slope);
    const inner = this.own(this.tf.add(cubic, slope));
    return this.multiply(x, this.sigmoid(this.multiply(x, inner)));
  }

  /** GPT-OSS's: `(up + 1) * gate * sigmoid(1.702 * gate)`, of values that are cut off at 7. */
  private swigluClamped(gate: TfTensor, up: TfTensor): TfTensor {
    const { tf } = this;
    const limit = 7;
    const cut = this.own(tf.minimum(gate, limit));
    const bounded = this.own(tf.clipByValue(up, -limit, limit));
    const share = this.sigmoid(this.multiply(cut, 1.702));
    return this.multiply(this.multiply(cut, share), this.own(tf.add(bounded, 1)));
  }

  private sigmoid(x: TfTensor): TfTensor {
    return this.own(this.tf.sigmoid(x));
  }

  /** Books a tensor, to be freed with the others. */
  own<Made extends TfTensor>(tensor: Made): Made {
    this.made.add(tensor);
    return tensor;
  }
}

/** The values, rounded, in memory of their own; of any number of elements. */
export function roundTo(values: Float32Array, type: HiddenType): Float32Array {
  return decodeHidden(encodeHidden(values, [values.length], type));
}

/** The loaded weights as ggml's tensors. */
import type * as model from '../../model/model-weights.js';
import type { Tensor } from '../c-types.js';

export type LinearWeights = model.LinearWeights<Tensor>;
export type FeedForwardWeights = model.FeedForwardWeights<Tensor>;
export type BlockWeights = model.BlockWeights<Tensor>;
export type ModelWeights = model.ModelWeights<Tensor>;

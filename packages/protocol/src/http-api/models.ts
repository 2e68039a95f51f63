import * as z from 'zod';
import { httpApiLimits } from './http-api-limits.js';
import { amount, apiSpanSchema, count, healthSchema, modelHashText, text } from './shared.js';

export const blockCoverageSchema = z.object({
  block: count,
  /** Peers that serve it, lost ones excluded. */
  peers: count,
  /** Single-token steps a second that they give it together. */
  stepsPerSecond: amount,
});
export type ApiBlockCoverage = z.infer<typeof blockCoverageSchema>;

export const modelStateSchema = z.object({
  hash: modelHashText,
  name: text,
  health: healthSchema,
  /** `all 32 blocks served; weakest is block 17 with 1 peer`. */
  headline: text,
  blockCount: count,
  hiddenSize: count,
  contextLength: count,
  /** One entry a block, in order. */
  coverage: z.array(blockCoverageSchema).max(1024),
  /** The block with the fewest peers; of several the slowest. Null without any peer. */
  weakest: blockCoverageSchema.nullable(),
  /** Runs of blocks that nobody serves. */
  missing: z.array(apiSpanSchema).max(1024),
  isEmbeddingHosted: z.boolean(),
  isHeadHosted: z.boolean(),
  /** Peers by numeric kind: `coverage` counts them all, but a route takes one kind. */
  numericKinds: z
    .array(z.object({ kind: text, peers: count, isComplete: z.boolean() }))
    .max(httpApiLimits.modelsMax),
  peers: count,
  sessions: count,
  tokensPerSecond: amount,
});
export type ModelState = z.infer<typeof modelStateSchema>;

/** What `GET /api/v1/models` answers. */
export const modelsAnswerSchema = z.object({
  models: z.array(modelStateSchema).max(httpApiLimits.modelsMax),
});
export type ModelsAnswer = z.infer<typeof modelsAnswerSchema>;

import { isModelHash, limits, type ModelHash, type TokenId, wireTypes } from '@skein/protocol';
import * as z from 'zod';
import type { GenerateOptions } from '../generate/generation-types.js';
import { samplingLimits } from '../sampling/index.js';
import type { SessionOptions } from '../session/session-types.js';
import { toolsMax } from '../tools/index.js';

/** How an answer is drawn, seed included: with it the next token is what it would have been. */
export type AnswerSettings = Omit<
  GenerateOptions,
  'prompt' | 'promptTokens' | 'messages' | 'signal' | 'logits'
> & { readonly seed: number; readonly maxTokens: number };

/** An answer that is not finished. */
export interface OpenAnswer {
  /** Position of its first token. */
  readonly start: number;
  readonly settings: AnswerSettings;
}

/** All that another process needs to go on with a conversation. */
export interface ResumeState {
  readonly model: ModelHash;
  readonly tokens: readonly TokenId[];
  /**
   * Positions after which steps ended, ascending: a rebuild that repeats them gives the very caches
   * that were lost. Null: they were too many to be told.
   */
  readonly stepEnds: readonly number[] | null;
  readonly answer: OpenAnswer | null;
  /** What the numbers depend on beside the model. */
  readonly session: Pick<SessionOptions, 'wireType' | 'firstRows' | 'chunkRows'>;
}

/** Runs of equally long steps that a token tells of: each turn has three or so. */
export const stepRunsMax = 4096;
const stopsMax = 64;
const stopCharactersMax = 4096;

const rows = z.int().min(1).max(limits.stepRowsMax).optional();
const position = z.int().min(0).max(limits.contextLengthMax);

/** A JSON schema: true, false, or an object. */
const schemaSchema = z.union([z.boolean(), z.record(z.string(), z.unknown())]);

const settingsSchema = z.strictObject({
  seed: z.int().min(0),
  maxTokens: z.int().min(1).max(limits.contextLengthMax),
  temperature: z.number().optional(),
  topK: z.number().optional(),
  topP: z.number().optional(),
  minP: z.number().optional(),
  repetitionPenalty: z.number().optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  logitBias: z
    .array(z.tuple([z.int().min(0), z.number()]))
    .max(samplingLimits.logitBiasTokensMax)
    .optional(),
  stop: z.array(z.string().max(stopCharactersMax)).max(stopsMax).optional(),
  ignoreEos: z.boolean().optional(),
  // Schemas are checked when the answer goes on, as those of a caller are.
  responseFormat: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('text') }),
      z.strictObject({ type: z.literal('json-object') }),
      z.strictObject({ type: z.literal('json-schema'), schema: schemaSchema }),
    ])
    .optional(),
  tools: z
    .array(
      z.strictObject({
        name: z.string(),
        description: z.string().optional(),
        parameters: schemaSchema.optional(),
      }),
    )
    .max(toolsMax)
    .optional(),
  toolChoice: z
    .union([z.enum(['auto', 'required']), z.strictObject({ name: z.string() })])
    .optional(),
  parallelToolCalls: z.boolean().optional(),
});

/** The part of a token that is JSON. The sampling options' ranges are checked when they are used. */
export const resumeHeaderSchema = z.strictObject({
  model: z.string().refine(isModelHash),
  tokens: position,
  /** Pairs of the rows of a step, and how many such steps follow each other. */
  stepRuns: z
    .array(z.tuple([position.min(1), position.min(1)]))
    .max(stepRunsMax)
    .nullable(),
  answer: z.strictObject({ start: position, settings: settingsSchema }).nullable(),
  session: z.strictObject({
    wireType: z.enum(wireTypes).optional(),
    firstRows: rows,
    chunkRows: rows,
  }),
});

export type ResumeHeader = z.output<typeof resumeHeaderSchema>;

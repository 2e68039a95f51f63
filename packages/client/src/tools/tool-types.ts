import type { JsonSchema } from '../grammar/index.js';

/** A function that the model may ask to be called. */
export interface ToolDefinition {
  readonly name: string;
  /** What it does, for the model. */
  readonly description?: string;
  /** A schema of an object; each call's arguments are valid under it. Default: no arguments. */
  readonly parameters?: JsonSchema;
}

/**
 * Whether calls are made. `auto`: the model decides. `required`: at least one. A name: exactly one
 * call of that tool.
 */
export type ToolChoice = 'auto' | 'required' | { readonly name: string };

/** What a generation is told of tools. */
export interface ToolOptions {
  /** Functions that the model may call. What it writes is read by `createToolCallReader`. */
  readonly tools?: readonly ToolDefinition[];
  /** Default: `auto`. */
  readonly toolChoice?: ToolChoice;
  /** Whether one answer may hold several calls. Default: true. */
  readonly parallelToolCalls?: boolean;
}

/** What a piece of an answer holds. */
export interface AnswerPiece {
  /** Text for people. */
  readonly text: string;
  readonly toolCalls: readonly ToolCallPiece[];
}

/** A part of a call. */
export interface ToolCallPiece {
  /** Counts the calls of an answer from 0. */
  readonly index: number;
  /** The tool's name, with the first piece. */
  readonly name?: string;
  /** A part of the arguments, as JSON. */
  readonly arguments: string;
}

/** Tools of one request: their schemas are all in the prompt. */
export const toolsMax = 128;

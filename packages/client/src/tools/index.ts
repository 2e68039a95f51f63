/**
 * Function calls: what a model is told of tools, the grammar of its calls, and their reading.
 */
export { withPlainTools } from './plain-tools.js';
export { ToolCallReader } from './tool-call-reader.js';
export { createToolCallReader, isForcedCall, toolFormat, toolSyntaxFor } from './tool-format.js';
export { forcedPrefix, type ToolSyntax } from './tool-syntax.js';
export {
  type AnswerPiece,
  type ToolCallPiece,
  type ToolChoice,
  type ToolDefinition,
  type ToolOptions,
  toolsMax,
} from './tool-types.js';

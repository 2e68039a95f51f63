import { SkeinError } from '@skein/protocol';

/** How a model writes calls. */
export interface ToolSyntax {
  readonly name: 'tagged' | 'mistral' | 'llama' | 'plain';
  /** Text that begins calls within an answer; null: an answer that begins with a brace is a call. */
  readonly trigger: string | null;
  /** Text before each call, between two, and after each; the trigger is not part of them. */
  readonly open: string;
  readonly between: string;
  readonly close: string;
  /** The name of the arguments in a call's JSON. */
  readonly argumentsKey: 'arguments' | 'parameters';
  /** Special tokens that belong to calls: their text counts as part of the answer. */
  readonly markers: readonly string[];
  /** What the ids of calls look like. */
  readonly idCharacters: number;
}

/** `<tool_call>` around the JSON of each call: Hermes, Qwen and others. */
const tagged: ToolSyntax = {
  name: 'tagged',
  trigger: '<tool_call>',
  open: '\n',
  between: '\n<tool_call>\n',
  close: '\n</tool_call>',
  argumentsKey: 'arguments',
  markers: ['<tool_call>', '</tool_call>'],
  idCharacters: 24,
};

/** A list of calls after a special token. Its templates want ids of nine characters. */
const mistral: ToolSyntax = {
  name: 'mistral',
  trigger: '[TOOL_CALLS]',
  open: '[',
  between: ', ',
  close: '',
  argumentsKey: 'arguments',
  markers: ['[TOOL_CALLS]'],
  idCharacters: 9,
};

/** The JSON of a call is the whole answer. */
const llama: ToolSyntax = {
  name: 'llama',
  trigger: null,
  open: '',
  between: '; ',
  close: '',
  argumentsKey: 'parameters',
  markers: ['<|python_tag|>'],
  idCharacters: 24,
};

/** What the prompt of {@link withPlainTools} asks for, from models without tools of their own. */
const plain: ToolSyntax = { ...tagged, name: 'plain' };

/**
 * The way in which a model's template teaches it to write calls.
 * @throws SkeinError `model-unsupported` for a template that takes tools in a way not known here
 */
export function toolSyntaxOf(template: string): ToolSyntax {
  if (!/\btools\b/.test(template)) return plain;
  if (template.includes('[TOOL_CALLS]')) return mistral;
  if (template.includes('<tool_call>')) return tagged;
  if (template.includes('<|python_tag|>') || /"parameters": dictionary/.test(template))
    return llama;
  throw new SkeinError(
    'model-unsupported',
    'the model’s chat template takes tools in a format that is not known',
  );
}

/** What a prompt ends with so that the answer is a call. */
export function forcedPrefix({ trigger, open }: ToolSyntax): string {
  return `${trigger ?? ''}${open}`;
}
